"""The layer of a well's breakout table, and what follows when a person changes a row."""

from __future__ import annotations

from geobfdt.review.items import BreakoutFields
from geobfdt.review.table_layer import TableKind, row_items, table_of_rows
from geobfdt.wells.breakouts import (
    COLUMNS,
    BreakoutTable,
    complete_breakouts,
    new_breakouts,
    read_breakouts,
    write_breakouts,
)
from geobfdt.wells.image import WellImage
from geobfdt.wells.layers import Fields

__all__ = ["BREAKOUTS", "changed_breakout"]

BREAKOUTS = TableKind("breakouts", "b", ".breakouts.csv", COLUMNS, new_breakouts, read_breakouts, write_breakouts)


def changed_breakout(image: WellImage, before: Fields | None, change: BreakoutFields, person: str) -> Fields:
    """
    Return the new fields of a row that a person changes.

    A moved box is the person's: its status is ``edited``, what followed from the old box is computed anew for the new
    one, and what a program measured on the old box is dropped.

    Parameters
    ----------
    image : WellImage
        The well.
    before : mapping
        Fields of the row; None for a new one.
    change : BreakoutFields
        What the person changes.
    person : str
        Who changes it.

    Raises
    ------
    ValueError
        If the base would lie above the top.
    """
    edited = change.model_dump(by_alias=True, exclude_none=True)
    fields: Fields = {"who": person, **edited}
    if change.moves or change.class_ is not None:
        fields = {"status": "edited", **fields}
    old = {"well": str(image.attrs["well"])} if before is None else before
    if not change.moves or any({**old, **edited}.get(name) is None for name in ("top_m", "base_m", "class")):
        # The log refuses a new row without its depths or its class.
        return fields
    if before is not None:
        # An azimuth that is counted from another direction than the image's is turned before it is changed.
        old = _only_row(image, before)
    stale: Fields = {"confidence": None}
    if change.azimuth_app_deg is not None:
        stale |= {"azimuth_true_deg": None, "reference": str(image.attrs["reference"])}
    if change.top_m is not None or change.base_m is not None:
        stale["diameter_m"] = None
    new = {**old, **stale, **fields, "source": person}
    if new["base_m"] < new["top_m"]:
        raise ValueError(f"the base at {new['base_m']:.3f} m lies above the top at {new['top_m']:.3f} m")
    measured = _only_row(image, new)
    # The direction of the hole changes along it, so that a row of another depth has another true azimuth.
    if "diameter_m" in stale and measured.get("azimuth_app_deg") is not None:
        anew = _only_row(image, {**measured, "azimuth_true_deg": None})
        measured = anew if anew.get("azimuth_true_deg") is not None else measured
    return {**stale, **measured}


def _only_row(image: WellImage, fields: Fields) -> Fields:
    """Complete the fields of one row from the hole of the well."""
    table, _ = complete_breakouts(BreakoutTable(table_of_rows([fields], BREAKOUTS)), image)
    return next(iter(row_items(table, BREAKOUTS).values()))
