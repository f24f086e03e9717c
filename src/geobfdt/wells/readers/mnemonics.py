"""What contractors call things: mnemonics of depths, hole logs and images.

Names alone are a hint, never proof: they choose a curve, and the reader says which one it chose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from geobfdt.wells.findings import Finding, Severity
from geobfdt.wells.image import LOGS

__all__ = ["choose_logs", "hole_names", "image_kind", "role", "tool_of"]

# Names without case and separators, the more telling ones first. Those of the first line mean the same in any file;
# the second line holds for logs and surveys only: in a table of picks AZIM is the azimuth of a plane.
_NAMES = {
    "depth": (
        "depth tdep md dept measureddepth depthmd mdepth",
        "dep bdep index depthm deptmd adpt",
    ),
    "diameter": (
        "diahole diameter holediameter caliper averagecaliper avgcali cali",
        "hcal lcal mcal cal calave calavg calmean c1 c2 c13 c24 calx caly cal1 cal2 cala bscal hdar dia ucav adia acal",
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

_TOOLS = {
    "FMI": "FMI FBST FMIHD FMIS NGI QGEO",
    "FMS": "FMS MEST",
    "CMI": "CMI",
    "UBI": "UBI USIT UBAZ UBIA AWBK",
    "STAR": "STAR STARII RES_BD UXPL CBIL",
    "XRMI": "XRMI EMI OMRI EMIP CAST",
    "LWD": "GVR RAB MSCP IMPULSE ABD ABDC GRAS ROSI RES_BD_IMG DENI GRIM STARTRAK",
    "ATV": "ATV AMPLITUDE TRAVELTIME HIRAT BHTV ABI",
    "OTV": "OTV OBI OPTV",
}
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


def choose_logs(mnemonics: Sequence[str], place: str, findings: list[Finding]) -> dict[str, int]:
    """
    Choose the hole logs among curves by their names; where several fit, the most telling name, then the first curve.

    Parameters
    ----------
    mnemonics : sequence of str
        Names of curves; an empty one is passed over.
    place : str
        File, for the finding that says which of several was chosen.
    findings : list of Finding
        Grows by these.

    Returns
    -------
    dict of str to int
        Position by log: diameter, deviation, hole_azimuth.

    Examples
    --------
    >>> choose_logs(["TDEP", "C1", "GR", "CALI"], "a.las", found := [])
    {'diameter': 3}
    >>> print(found[0])
    info  log-chosen  a.las: diameter may be CALI, C1; CALI taken
    """
    keys = [_key(mnemonic) for mnemonic in mnemonics]
    chosen = {}
    for name in LOGS:
        fit = [i for alias in hole_names(name, logs=True) for i, key in enumerate(keys) if key == alias]
        if fit:
            chosen[name] = fit[0]
        if len(fit) > 1:
            seen = f"{name.replace('_', ' ')} may be {', '.join(mnemonics[i] for i in fit)}"
            findings.append(Finding(Severity.INFO, "log-chosen", place, seen, f"{mnemonics[fit[0]]} taken"))
    return chosen


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


def tool_of(mnemonic: str) -> str:
    """
    Tool an image is from by its name, or an empty string.

    Examples
    --------
    >>> tool_of("FMI_STAT"), tool_of("IMAGE")
    ('FMI', '')
    """
    words = set(re.split(r"[\W_]+", mnemonic.upper())) | {mnemonic.upper()}
    return next((tool for tool, names in _TOOLS.items() if words & set(names.split())), "")
