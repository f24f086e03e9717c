"""What contractors call things: mnemonics of depths, hole logs and images.

Names alone are a hint, never proof: they choose a curve, and the reader says which one it chose.
"""

from __future__ import annotations

import re

__all__ = ["image_kind", "role", "tool_of"]

_ROLES = {
    "depth": "DEPTH DEPT DEP TDEP MD BDEP INDEX DEPTH_M MEASURED_DEPTH DEPT_MD DEPTH_MD MDEPTH ADPT ETIM_DEPTH",
    "diameter": "DIAMETER HOLE_DIAMETER CALI CAL CALIPER AVGCALI AVG_CALI AVERAGE_CALIPER HCAL LCAL MCAL DCAL BS_CAL C1 C2 "
    "C13 C24 CALX CALY CAL1 CAL2 CALA CALAVE CAL_AVE CAL_AVG CAL_MEAN HDAR DIA DIA_HOLE UCAV ADIA ACAL",
    "deviation": "DEVIATION HOLE_DEVIATION DEVI HDEV DEV DEVIM SDEV INCL INCLINATION INC TILT INNM INCM DEVOD",
    "hole_azimuth": "HOLE_AZIMUTH HAZI HAZIM HAZ HOLEAZ HAZIT AZIM AZI HLAZ SAZI AZIMM",
}
_ROLE = {alias: name for name, aliases in _ROLES.items() for alias in aliases.split()}

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


def role(mnemonic: str) -> str:
    """
    Which hole log a curve is by its name: depth, diameter, deviation, hole_azimuth, or an empty string.

    Examples
    --------
    >>> role("HAZI"), role("GR")
    ('hole_azimuth', '')
    """
    return _ROLE.get(re.sub(r"\W+", "_", mnemonic.strip().upper()).strip("_"), "")


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
