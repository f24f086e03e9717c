"""Imaging tools by the names that contractors give them."""

from __future__ import annotations

import re

__all__ = ["ADMITTANCE_UNITS", "CONDUCTIVITY_UNITS", "RESISTIVITY_UNITS", "is_electrical", "tool_kind", "tool_of"]

# Units of calibrated electrical images, in lower case: ohm m, factors to S/m, and uA/V.
RESISTIVITY_UNITS = ("ohm.m", "ohmm", "ohm-m", "ohm m")
CONDUCTIVITY_UNITS = {"s/m": 1.0, "mho/m": 1.0, "ms/m": 1e-3, "mmho/m": 1e-3}
ADMITTANCE_UNITS = ("ua/v", "us", "umho")

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
_KINDS = {"pads": "FMI FMS CMI STAR XRMI", "acoustic": "UBI ATV", "optical": "OTV"}


def is_electrical(unit: str) -> bool:
    """
    Tell whether a unit is one of a calibrated electrical image.

    Examples
    --------
    >>> is_electrical("OHMM"), is_electrical("dB")
    (True, False)
    """
    return unit.strip().lower() in (*RESISTIVITY_UNITS, *CONDUCTIVITY_UNITS, *ADMITTANCE_UNITS)


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


def tool_kind(tool: str) -> str:
    """
    How a tool sees the wall: ``pads``, ``acoustic``, ``optical``, or an empty string where that is not known.

    Examples
    --------
    >>> tool_kind("OBI"), tool_kind("")
    ('optical', '')
    """
    tool_name = tool_of(tool)
    return next((kind for kind, tools in _KINDS.items() if tool_name in tools.split()), "")
