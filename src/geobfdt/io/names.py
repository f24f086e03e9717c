"""What contractors call things: mnemonics of depths, hole logs and images.

Names alone are a hint, never proof: they choose a curve, and the reader says which one it chose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from geobfdt.io.file_findings import FileFindings
from geobfdt.wells.findings import InputError
from geobfdt.wells.image import LOGS

__all__ = [
    "choose_logs", "hole_names", "image_kind", "is_bit_size", "is_radius", "named_caliper", "role", "vertical_depth",
]  # fmt: skip

# Names without case and separators, the more telling ones first. Those of the first line mean the same in any file;
# the second line holds for logs and surveys only: in a table of picks AZIM is the azimuth of a plane.
_NAMES = {
    "depth": (
        "depth tdep md dept measureddepth depthmd mdepth",
        "dep bdep index depthm deptmd adpt",
    ),
    "diameter": (
        "diahole diameter holediameter caliper averagecaliper avgcali cali assoccal meancaliper",
        # DCAL is missing on purpose: it is the difference between caliper and bit. IRAV is a radius, see _RADIUS.
        """hcal lcal mcal ecal cal calave calavg calmean c1 c2 c3 c13 c24 calx caly cal1 cal2 cala bscal hdar hdia hd1
        hd2 dia diam cldc cltc ucav ucal dcav adia acal irav""",
    ),
    "deviation": (
        "holedeviation hdev deviation devi holeinclination wellboredeviation",
        "inclination incl inc dev devim sdev tilt innm incm devod",
    ),
    "hole_azimuth": (
        "holeazimuth hazi wellboreazimuth deviationazimuth",
        "hazim haz holeaz hazit azim azi hlaz sazi azimm",
    ),
}
_ROLE = {name: role for role, lines in _NAMES.items() for name in " ".join(lines).split()}

_VERTICAL = re.compile(r"tvd|ttvd|truevert|verticaldepth|^vdep")
_RADIUS = re.compile(r"^(irav|irmn|irmx|rad\d*|avgrad|radav\w*)$|radius")

_DYNAMIC = re.compile(r"(^|_)(DYN|DYNAMIC|DNORM|DN)(_|\d|$)|DYN$|^DYN", re.IGNORECASE)
_STATIC = re.compile(r"(^|_)(STAT|STATIC|SNORM|ST)(_|\d|$)|STAT$|^STAT", re.IGNORECASE)
# Curves that are arrays but no pictures of the wall: waveforms, spectra, time tables, pad curves before assembly.
_NO_IMAGE = re.compile(
    r"(^|_)(WF\d*|WAVEFORMS?|SPECTRUM|SPEC|T2\w*|VDL|PWF\d|CBL|TT_TABLE|CHECKSUM)(_|$)", re.IGNORECASE
)


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
    return tuple(" ".join(_NAMES[role][: 1 + logs]).split())


def role(mnemonic: str) -> str:
    """
    Which hole log a curve is by its name: depth, diameter, deviation, hole_azimuth, or an empty string.

    Examples
    --------
    >>> role("HAZI"), role("GR")
    ('hole_azimuth', '')
    """
    return _ROLE.get(_key(mnemonic), "")


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
    >>> choose_logs(["TDEP", "C1", "GR", "CALI"], Path("a.las"), found := [])
    {'diameter': 3}
    >>> print(found[0])
    info  log-chosen  a.las: diameter may be CALI, C1; CALI taken
    """
    keys = [_key(mnemonic) for mnemonic in mnemonics]
    chosen = {}
    if caliper is not None:
        chosen["diameter"] = named_caliper(caliper, [(mnemonic,) for mnemonic in mnemonics], findings.path)
    for name in (name for name in LOGS if name not in chosen):
        fit = [i for alias in hole_names(name, logs=True) for i, key in enumerate(keys) if key == alias]
        if fit:
            chosen[name] = fit[0]
        if len(fit) > 1:
            seen = f"{name.replace('_', ' ')} may be {', '.join(mnemonics[i] for i in fit)}"
            findings.info("log-chosen", seen, f"{mnemonics[fit[0]]} taken")
    return chosen


def named_caliper(wanted: str, curves: Sequence[Sequence[str]], path: Path) -> int:
    """
    Position of the curve that the user calls the caliper.

    Parameters
    ----------
    wanted : str
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
    found = [i for i, names in enumerate(curves) if wanted.strip().lower() in (name.strip().lower() for name in names)]
    if len(found) == 1:
        return found[0]
    if found:
        cure = f"give --caliper one of {', '.join(curves[i][-1] for i in found)}"
        raise InputError(path, f"{len(found)} curves are called {wanted!r}", cure)
    known = ", ".join(dict.fromkeys(names[0].strip() for names in curves if names and names[0].strip()))
    raise InputError(path, f"no curve {wanted!r}", f"give --caliper one of {known}" if known else "give --diameter")


def vertical_depth(mnemonic: str) -> bool:
    """
    Whether a curve is a depth below a datum by its name, not one along the hole.

    Examples
    --------
    >>> vertical_depth("TVDSS"), vertical_depth("TDEP")
    (True, False)
    """
    return bool(_VERTICAL.search(_key(mnemonic)))


def is_radius(mnemonic: str, description: str) -> bool:
    """
    Whether a caliper gives the radius of the hole, by its name or description.

    Examples
    --------
    >>> is_radius("IRAV", ""), is_radius("CALX", "hole radius"), is_radius("CALI", "caliper")
    (True, True, False)
    """
    return bool(_RADIUS.search(_key(mnemonic)) or re.search(r"\bradi(us|i)\b", description.lower()))


def is_bit_size(mnemonic: str) -> bool:
    """
    Whether a curve is the size of the bit by its name.

    Examples
    --------
    >>> is_bit_size("BS"), is_bit_size("CALI")
    (True, False)
    """
    return _key(mnemonic) in ("bs", "bit", "bitsize", "bsize")


def _key(mnemonic: str) -> str:
    return re.sub(r"[\W_]+", "", mnemonic.lower())


def image_kind(mnemonic: str) -> str:
    """
    What an array is by its name: ``dynamic``, ``static``, ``none`` (not told), or an empty string for no image at all.

    Examples
    --------
    >>> image_kind("FMI_DYN"), image_kind("RES_BD_IMG"), image_kind("VDL")
    ('dynamic', 'none', '')
    """
    if _NO_IMAGE.search(mnemonic):
        return ""
    if _DYNAMIC.search(mnemonic):
        return "dynamic"
    return "static" if _STATIC.search(mnemonic) else "none"
