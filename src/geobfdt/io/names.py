"""What contractors, programs and interpreters call things, as ``names.yaml`` lists it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from geobfdt.io.file_findings import FileFindings
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import parse_yaml
from geobfdt.wells.image import LOGS

__all__ = [
    "choose_logs", "column_names", "hole_names", "image_kind", "is_bit_size", "is_pad_array", "is_radius", "name_key",
    "named_caliper", "names_of", "pattern", "role", "vertical_depth",
]  # fmt: skip


@cache
def names_of(kind: str) -> dict[str, Any]:
    """
    Return one part of the lists of names, by its key; they are read once, when they are first needed.

    Examples
    --------
    >>> names_of("lengths")["ft"]
    'f feet foot'
    """
    return dict(_lists()[kind])


@cache
def _lists() -> dict[str, dict[str, Any]]:
    return dict(parse_yaml(files("geobfdt.io").joinpath("names.yaml").read_text("utf-8")))


@cache
def pattern(name: str) -> re.Pattern[str]:
    """
    Return a regular expression for names, units or words of cells.

    Examples
    --------
    >>> pattern("datum").fullmatch("mdkb") is not None
    True
    """
    parts = names_of("patterns")[name]
    return re.compile(parts if isinstance(parts, str) else "|".join(parts))


@cache
def hole_names(role: str, *, logs: bool) -> tuple[str, ...]:
    """
    Names of the depth or of a hole log, lower case without separators, the more telling ones first.

    Parameters
    ----------
    role : {"depth", "diameter", "deviation", "hole_azimuth"}
        What is named.
    logs : bool
        Whether the file is one of logs or of a survey; else it may be a table of picks, where fewer names are certain.

    Examples
    --------
    >>> "azim" in hole_names("hole_azimuth", logs=True), "azim" in hole_names("hole_azimuth", logs=False)
    (True, False)
    """
    names = names_of("hole")[role]
    return tuple(names["any"].split() + names["logs"].split() * logs)


@cache
def column_names() -> dict[str, tuple[str, ...]]:
    """
    Names of the columns of a pick table by what they hold, the more telling ones first.

    Examples
    --------
    >>> column_names()["dip_app"][:4]
    ('apparentdip', 'dipapparent', 'appdip', 'dipapp')
    """
    return {role: _spelled_out(role, names) for role, names in names_of("columns").items()}


def _spelled_out(role: str, names: str | dict[str, list[str]] | None) -> tuple[str, ...]:
    if names is None:
        return hole_names(role, logs=False)
    if isinstance(names, str):
        return tuple(names.split())
    ((stem, groups),) = names.items()
    stems: list[str] = names_of("stems")[stem].split()
    spelled: list[str] = []
    for words in map(str.split, groups):
        spelled += stems if not words else []
        spelled += [form for name in stems for word in words for form in (word + name, name + word)]
        spelled += [f"dip{word}{name[3:]}" for name in stems for word in words if name[:3] == "dip" and name[3:]]
    return tuple(spelled)


@cache
def _roles() -> dict[str, str]:
    return {name: role for role in names_of("hole") for name in hole_names(role, logs=True)}


def role(mnemonic: str) -> str:
    """
    Which hole log a curve is by its name: depth, diameter, deviation, hole_azimuth, or an empty string.

    Examples
    --------
    >>> role("HAZI"), role("GR")
    ('hole_azimuth', '')
    """
    return _roles().get(name_key(mnemonic), "")


def choose_logs(mnemonics: Sequence[str], findings: FileFindings, caliper: str | None = None) -> dict[str, int]:
    """
    Choose the hole logs among curves by their names; where several fit, the most telling name, then the first curve.

    Parameters
    ----------
    mnemonics : sequence of str
        Names of curves; an empty one is passed over.
    findings : FileFindings
        Grows by these.
    caliper : str, optional
        The user's ``--caliper``, which is the diameter then.

    Returns
    -------
    dict of str to int
        Position by log: diameter, deviation, hole_azimuth.

    Raises
    ------
    InputError
        If no curve is called so, or several are.

    Examples
    --------
    >>> choose_logs(["TDEP", "C1", "GR", "CALI"], found := FileFindings(Path("a.las")))
    {'diameter': 3}
    >>> print(found[0])
    info  log-chosen  a.las: diameter may be CALI, C1; CALI taken
    """
    keys = [name_key(mnemonic) for mnemonic in mnemonics]
    chosen = {}
    if caliper is not None:
        chosen["diameter"] = named_caliper(caliper, [(mnemonic,) for mnemonic in mnemonics], findings.path)
    for name in (name for name in LOGS if name not in chosen):
        fit = [i for alias in hole_names(name, logs=True) for i, key in enumerate(keys) if key == alias]
        if fit:
            chosen[name] = fit[0]
        if len(fit) > 1:
            observed = f"{name.replace('_', ' ')} may be {', '.join(mnemonics[i] for i in fit)}"
            findings.info("log-chosen", observed, f"{mnemonics[fit[0]]} taken")
    return chosen


def named_caliper(name: str, curves: Sequence[Sequence[str]], path: Path) -> int:
    """
    Position of the curve that the user calls the caliper.

    Parameters
    ----------
    name : str
        The user's ``--caliper``.
    curves : sequence of sequence of str
        Names of each curve, the short one first; an empty one is passed over.
    path : Path
        The file.

    Raises
    ------
    InputError
        If no curve has the name, or several have.

    Examples
    --------
    >>> named_caliper("hd9", [("TDEP",), ("HD9",)], Path("a.las"))
    1
    """
    fits = [i for i, names in enumerate(curves) if name.strip().lower() in (name.strip().lower() for name in names)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        cure = f"give --caliper one of {', '.join(curves[i][-1] for i in fits)}"
        raise InputError(path, f"{len(fits)} curves are called {name!r}", cure)
    listed = ", ".join(dict.fromkeys(names[0].strip() for names in curves if names and names[0].strip()))
    raise InputError(path, f"no curve {name!r}", f"give --caliper one of {listed}" if listed else "give --diameter")


def vertical_depth(mnemonic: str) -> bool:
    """
    Whether a curve is a depth below a datum by its name, not one along the hole.

    Examples
    --------
    >>> vertical_depth("TVDSS"), vertical_depth("TDEP")
    (True, False)
    """
    return bool(pattern("vertical_depth").search(name_key(mnemonic)))


def is_radius(mnemonic: str, description: str) -> bool:
    """
    Whether a caliper gives the radius of the hole, by its name or description.

    Examples
    --------
    >>> is_radius("IRAV", ""), is_radius("CALX", "hole radius"), is_radius("CALI", "caliper")
    (True, True, False)
    """
    return bool(pattern("radius").search(name_key(mnemonic)) or re.search(r"\bradi(us|i)\b", description.lower()))


def is_bit_size(mnemonic: str) -> bool:
    """
    Whether a curve is the size of the bit by its name.

    Examples
    --------
    >>> is_bit_size("BS"), is_bit_size("CALI")
    (True, False)
    """
    return name_key(mnemonic) in names_of("bit_size")["any"].split()


def name_key(mnemonic: str) -> str:
    """
    Return a name in lower case without separators.

    Examples
    --------
    >>> name_key("Hole_Azimuth 2")
    'holeazimuth2'
    """
    return re.sub(r"[\W_]+", "", mnemonic.lower())


def is_pad_array(mnemonic: str) -> bool:
    """
    Whether an array holds the buttons of one row, pad or flap by its name, which are no image before assembly.

    Examples
    --------
    >>> is_pad_array("FCA1"), is_pad_array("FMI_STAT")
    (True, False)
    """
    return bool(pattern("pad_array").fullmatch(mnemonic.strip()))


def image_kind(mnemonic: str) -> str:
    """
    What an array is by its name: ``dynamic``, ``static``, ``none`` (not known), or an empty string for no image at all.

    Examples
    --------
    >>> image_kind("FMI_DYN"), image_kind("RES_BD_IMG"), image_kind("VDL")
    ('dynamic', 'none', '')
    """
    if pattern("no_image").search(mnemonic) or is_pad_array(mnemonic):
        return ""
    if pattern("dynamic").search(mnemonic):
        return "dynamic"
    return "static" if pattern("static").search(mnemonic) else "none"
