"""Read LAS 2.0 and 3.0 files whose image is spread over curves: ``IMG[0]`` ... ``IMG[55]``, ``ABDC1M`` ... ``ABDC16M``.

lasio reads the header. The numbers are parsed here, piece by piece, because lasio knows neither the delimiters nor the
several data sections of LAS 3.0, and holds the data three times over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lasio
import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.image import LOGS
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.boundary import decoding
from geobfdt.wells.readers.mnemonics import role, tool_of
from geobfdt.wells.readers.raw import Contents, RawImage, RawLog

__all__ = ["contents", "read"]

_SECTORS = 8  # fewer curves of one family are no image
_CELLS = 2_000_000  # cells parsed at a time
_HEADER = 4 << 20  # bytes a header may take
_CURE = "export the file again as LAS 2.0"
_MEMBER = re.compile(r"(.*?)[\[_]?(\d+)\]?(\D*)")
_DELIMITERS = {"SPACE": r"\s+", "COMMA": ",", "TAB": "\t", "": r"\s+"}


@dataclass(frozen=True)
class _Header:
    """What stands before the numbers."""

    version: str
    names: list[str]
    units: list[str]
    descriptions: list[str]
    well: dict[str, str]
    wrapped: bool
    separator: str
    first: int  # line number of the first row of numbers, from 0
    encoding: str


@dataclass(frozen=True)
class _Family:
    """Curves that are the sectors of one image, in order."""

    label: str
    columns: tuple[int, ...]


def read(path: Path, options: ReadingOptions) -> RawImage:
    r"""
    Read an image from a LAS file.

    Parameters
    ----------
    path : Path
        A LAS file.
    options : ReadingOptions
        ``image`` chooses where there are several families of curves: ``ABDC`` for ``ABDC1M`` ... ``ABDC16M``.

    Returns
    -------
    RawImage
        The image, its first sector first, with the hole logs.

    Raises
    ------
    InputError
        If the file is damaged, holds no image, or several and nothing chooses.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.las"
    >>> curves = "".join(f" I[{k}]. :\n" for k in range(8))
    >>> rows = "".join(f"{10 + i} 1 2 3 4 5 6 7 {i}\n" for i in range(3))
    >>> _ = file.write_text(f"~V\n VERS. 2.0 :\n WRAP. NO :\n~W\n NULL. -999.25 :\n~C\n DEPT.M :\n{curves}~A\n{rows}")
    >>> read(file, ReadingOptions()).values.shape
    (3, 8)
    """
    header = _header(path)
    findings: list[Finding] = []
    family = _choose(path, _families(header.names), options.image, findings)
    depth = _depth_column(path, header)
    logs = {}
    for column, name in enumerate(header.names):
        if role(name) in LOGS and column not in family.columns:
            logs.setdefault(role(name), column)
    wanted = [depth, *logs.values(), *family.columns]
    with decoding(path, "a LAS file", _CURE):
        values, scalars = _numbers(path, header, wanted, 1 + len(logs), findings)
    null = header.well.get("NULL", "")
    nulls = (float(null),) if re.fullmatch(r"[-+]?\d+\.?\d*", null) else ()
    depths = scalars[:, 0].copy()
    attributes = {
        "well": header.well.get("WELL", "") or header.well.get("UWI", ""),
        "units": header.units[family.columns[0]],
        "tool": tool_of(family.label.split("#")[0]),
    }
    return RawImage(
        values,
        depths,
        header.units[depth],
        nulls=nulls,
        logs={
            name: RawLog(scalars[:, 1 + k].copy(), header.units[column], depths)
            for k, (name, column) in enumerate(logs.items())
        },
        attributes=attributes,
        findings=findings,
    )


def contents(path: Path) -> Contents:
    """
    List the curves of a LAS file, reading no numbers.

    Parameters
    ----------
    path : Path
        A LAS file.

    Returns
    -------
    Contents
        Families of curves that make an image, then every curve.

    Raises
    ------
    InputError
        If the header is damaged.
    """
    header = _header(path)
    families = _families(header.names)
    members = {column for family in families for column in family.columns}
    items: list[dict[str, Any]] = [
        {
            "name": family.label,
            "role": "image",
            "shape": (len(family.columns),),
            "unit": header.units[family.columns[0]],
            "frame": "",
            "description": f"{header.names[family.columns[0]]} to {header.names[family.columns[-1]]}",
        }
        for family in families
    ]
    items += [
        {
            "name": name,
            "role": role(name) or ("depth" if column == 0 else "other"),
            "shape": (),
            "unit": header.units[column],
            "frame": "",
            "description": header.descriptions[column],
        }
        for column, name in enumerate(header.names)
        if column not in members
    ]
    return Contents(f"LAS {header.version}", items, header.well)


def _header(path: Path) -> _Header:
    with decoding(path, "a LAS file", _CURE):
        with path.open("rb") as stream:
            head = stream.read(_HEADER)
        encoding = "utf-8-sig" if _is_utf8(head) else "latin-1"
        lines = head.decode(encoding, "replace").splitlines()
        titles = [(i, line.strip()) for i, line in enumerate(lines) if line.lstrip().startswith("~")]
        start, section = next(
            ((i, title) for i, title in titles if re.match(r"~(A|Log_Data)", title, re.IGNORECASE)), (None, "")
        )
        if start is None:
            raise InputError(path, "no section of log data (~A)", _CURE)
        # lasio takes no ~Log_Definition, which in LAS 3.0 is what ~Curve is before it.
        text = "\n".join(
            re.sub(r"^\s*~Log_Definition.*", "~Curve", line, flags=re.IGNORECASE) for line in lines[:start]
        )
        parsed = lasio.read(text + "\n~ASCII\n", ignore_data=True, ignore_header_errors=True, mnemonic_case="preserve")
        version, well = parsed.version, parsed.well
        names = [str(curve.original_mnemonic).strip() for curve in parsed.curves]
        if not names:
            raise InputError(path, "no curve is defined (~C)", _CURE)
        delimiter = str(version["DLM"].value).upper() if "DLM" in version else ""
        if delimiter not in _DELIMITERS:
            raise InputError(path, f"delimiter {delimiter!r} is not of LAS", "write it with DLM. COMMA")
        return _Header(
            str(version["VERS"].value) if "VERS" in version else "2.0",
            names,
            [str(curve.unit).strip() for curve in parsed.curves],
            [str(curve.descr).strip() for curve in parsed.curves],
            {str(item.mnemonic).upper(): str(item.value).strip() for item in well if str(item.value).strip()},
            "WRAP" in version and str(version["WRAP"].value).strip().upper().startswith("Y"),
            _DELIMITERS[delimiter],
            start + 1,
            encoding,
        )


def _is_utf8(head: bytes) -> bool:
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _families(names: list[str]) -> list[_Family]:
    """Curves named alike but for a number that counts up by one, from 0 or 1, in the order of that number."""
    groups: dict[tuple[str, str], dict[int, int]] = {}
    for column, name in enumerate(names):
        if match := _MEMBER.fullmatch(name):
            groups.setdefault((match[1], match[3]), {}).setdefault(int(match[2]), column)
    return [
        _Family(f"{prefix}#{suffix}", tuple(numbered[k] for k in sorted(numbered)))
        for (prefix, suffix), numbered in groups.items()
        if len(numbered) >= _SECTORS and min(numbered) in (0, 1) and max(numbered) - min(numbered) == len(numbered) - 1
    ]


def _choose(path: Path, families: list[_Family], wanted: str | None, findings: list[Finding]) -> _Family:
    known = ", ".join(f"{family.label} ({len(family.columns)} sectors)" for family in families)
    if not families:
        raise InputError(path, "no curves named alike and numbered make an image", "list them with geobfdt inspect")
    if wanted is not None:
        asked = wanted.lower()
        found = [f for f in families if asked in (f.label.lower(), f.label.split("#")[0].lower())]
        if len(found) != 1:
            raise InputError(path, f"{len(found) or 'no'} images are called {wanted!r}", f"give --image one of {known}")
        return found[0]
    most = max(len(family.columns) for family in families)
    found = [family for family in families if len(family.columns) == most]
    if len(found) > 1:
        raise InputError(path, f"{len(families)} images and nothing says which", f"give --image one of {known}")
    if len(families) > 1:
        done = f"{found[0].label} taken, the one of most sectors"
        findings.append(Finding(Severity.INFO, "image-chosen", path.name, f"images {known}", done))
    return found[0]


def _depth_column(path: Path, header: _Header) -> int:
    if role(header.names[0]) == "depth" or header.units[0].lower() in ("m", "ft", "f"):
        return 0
    depths = [column for column, name in enumerate(header.names) if role(name) == "depth"]
    if len(depths) != 1:
        raise InputError(path, f"the first curve, {header.names[0]}, is no depth", "export it indexed by depth")
    return depths[0]


def _numbers(
    path: Path, header: _Header, wanted: list[int], logs: int, findings: list[Finding]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Image (rows, sectors) and scalar columns (rows, logs)."""
    pictures, scalars, bad = [], [], 0
    for chunk in _wrapped(path, header) if header.wrapped else _chunks(path, header):
        numbers = chunk[:, wanted]
        keep = np.isfinite(numbers[:, 0])
        bad += int((~keep).sum())
        pictures.append(numbers[keep, logs:].astype(np.float32))
        scalars.append(numbers[keep, :logs])
    rows = sum(map(len, pictures))
    if not rows:
        raise InputError(path, "no row of numbers", _CURE)
    if bad:
        seen = f"{bad} rows have no depth"
        findings.append(Finding(Severity.MAJOR, "rows-unreadable", path.name, seen, "left out"))
    # Moved piece by piece, so that the pieces go as the whole grows.
    image = np.empty((rows, pictures[0].shape[1]), dtype=np.float32)
    top = 0
    while pictures:
        piece = pictures.pop(0)
        image[top : top + len(piece)] = piece
        top += len(piece)
    return image, np.concatenate(scalars)


def _chunks(path: Path, header: _Header) -> Iterator[npt.NDArray[np.float64]]:
    columns = len(header.names)
    reader = pd.read_csv(
        path,
        sep=header.separator,
        header=None,
        names=range(columns),
        usecols=range(columns),
        skiprows=header.first,
        comment="#",
        encoding=header.encoding,
        encoding_errors="replace",
        dtype=str,
        na_values=[],
        keep_default_na=False,
        skipinitialspace=True,
        chunksize=max(_CELLS // columns, 1),
        on_bad_lines="error",
    )
    with reader:
        for chunk in reader:
            # The next section ends the numbers.
            ended = chunk[0].astype(str).str.startswith("~")
            if ended.any():
                chunk = chunk.loc[: ended.idxmax()].iloc[:-1]
            yield np.stack([pd.to_numeric(chunk[k], errors="coerce").to_numpy(float) for k in range(columns)], axis=1)
            if ended.any():
                return


def _wrapped(path: Path, header: _Header) -> Iterator[npt.NDArray[np.float64]]:
    """A row over several lines: only the count of numbers tells where it ends."""
    columns, words = len(header.names), []
    with path.open(encoding=header.encoding, errors="replace") as stream:
        for number, line in enumerate(stream):
            if number < header.first or line.startswith("#"):
                continue
            if line.startswith("~"):
                break
            words += line.replace(",", " ").split()
            if len(words) > _CELLS:
                whole = len(words) // columns * columns
                yield np.array(words[:whole], dtype=np.float64).reshape(-1, columns)
                words = words[whole:]
    if len(words) % columns:
        raise InputError(path, f"{len(words) % columns} numbers are left over after the last whole row", _CURE)
    yield np.array(words, dtype=np.float64).reshape(-1, columns)
