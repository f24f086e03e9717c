"""Items of a layer: conversion from tables, and the fields that an edit may change."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.evaluation.matching import Planes, distances, near
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.layers import Fields, Items, Layer
from geobfdt.wells.picks import COLUMNS, PickTable

__all__ = [
    "BreakoutFields",
    "IntervalFields",
    "ItemLetter",
    "PickFields",
    "VugFields",
    "interval_items",
    "merge_picks",
    "new_id",
    "parse_items",
    "pick_items",
]

# Two picks closer than this (trace RMS) are one pick.
_SAME_PICK_M = 0.015
# The id of an item is a letter for its kind, then letters, digits and dashes.
_ID_PATTERN = re.compile(r"[pibv][0-9a-zA-Z-]{1,40}")
# Values are rounded to this many decimals before they go to the log.
_DIGITS = 6

PickClass = Literal["bedding", "fracture"]
# Pick, interval, breakout or induced fracture, vug.
ItemLetter = Literal["p", "i", "b", "v"]


class PickFields(BaseModel):
    """Fields of a pick that an edit may change; all others follow from them."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    depth_m: float | None = Field(None, ge=-1e5, le=1e5)
    amplitude_m: float | None = Field(None, ge=0, le=50)
    azimuth_app_deg: float | None = Field(None, ge=0, le=360)
    class_: PickClass | None = Field(None, alias="class")
    status: Literal["proposed", "accepted", "edited", "rejected"] | None = None
    note: str | None = Field(None, max_length=2000)
    snapped: bool = False

    @property
    def moves(self) -> bool:
        """Whether the edit changes the trace."""
        return any(v is not None for v in (self.depth_m, self.amplitude_m, self.azimuth_app_deg))


class IntervalFields(BaseModel):
    """An interval of a well: completely interpreted for a class, or ignored for the reason in ``class``."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    kind: Literal["interpreted", "ignored"]
    class_: str = Field(alias="class", max_length=40)
    top_m: float = Field(ge=-1e5, le=1e5)
    base_m: float = Field(ge=-1e5, le=1e5)

    @model_validator(mode="after")
    def _ordered(self) -> IntervalFields:
        if self.base_m <= self.top_m:
            raise ValueError("the base of an interval must be below its top")
        if self.kind == "interpreted" and self.class_ not in ("bedding", "fracture"):
            raise ValueError("an interpreted interval needs the class bedding or fracture")
        return self


class BreakoutFields(BaseModel):
    """Fields of a breakout or an induced fracture that an edit may change; its true azimuth follows from them."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    top_m: float | None = Field(None, ge=-1e5, le=1e5)
    base_m: float | None = Field(None, ge=-1e5, le=1e5)
    azimuth_app_deg: float | None = Field(None, ge=0, le=360)
    width_deg: float | None = Field(None, gt=0, le=360)
    class_: Literal["breakout", "induced"] | None = Field(None, alias="class")
    status: Literal["proposed", "accepted", "edited", "rejected"] | None = None

    @property
    def moves(self) -> bool:
        """Whether the edit changes the box."""
        return any(v is not None for v in (self.top_m, self.base_m, self.azimuth_app_deg, self.width_deg))


class VugFields(BaseModel):
    """The field of a vug that an edit may change: a program measured all others."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["proposed", "accepted", "rejected"]


Change = PickFields | IntervalFields | BreakoutFields | VugFields
_FIELDS: dict[str, type[Change]] = {"p": PickFields, "i": IntervalFields, "b": BreakoutFields, "v": VugFields}


def new_id(kind: ItemLetter) -> str:
    """Make an id that no other item has."""
    return kind + uuid.uuid4().hex[:12]


def parse_items(items: Mapping[str, Any]) -> dict[str, Change | None]:
    """
    Check the items of an edit.

    Raises
    ------
    ValueError
        If an id or a field is not what it should be.

    Examples
    --------
    >>> parse_items({"p1": {"status": "accepted"}})["p1"].status
    'accepted'
    """
    changes: dict[str, Change | None] = {}
    for item, fields in items.items():
        if not _ID_PATTERN.fullmatch(item):
            raise ValueError(f"item {item[:40]!r}: an id is p, i, b or v, and up to 40 letters, digits and dashes")
        changes[item] = None if fields is None else _FIELDS[item[0]].model_validate(fields)
    return changes


def pick_items(picks: pd.DataFrame) -> dict[str, Fields]:
    """
    Convert a pick table, or some of its columns, to items, each with a new id.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> list(pick_items(new_picks(depth_m=[1.0], class_="bedding")).values())
    [{'depth_m': 1.0, 'class': 'bedding'}]
    """
    items: dict[str, Fields] = {}
    columns = [name for name in (*COLUMNS, "note") if name != "well" and name in picks]
    for row in picks[columns].to_dict("records"):
        fields: Fields = {}
        for name, value in row.items():
            if isinstance(value, str):
                if value:
                    fields[str(name)] = value
            elif name != "note" and np.isfinite(value):
                fields[str(name)] = round(float(value), _DIGITS)
        items[new_id("p")] = fields
    return items


def interval_items(intervals: IntervalTable) -> dict[str, Fields]:
    """Convert an interval table to items, each with a new id; rows without length are left out."""
    rows = intervals[intervals["base_m"] > intervals["top_m"]]
    fields = rows[["kind", "class", "top_m", "base_m"]].to_dict("records")
    return {new_id("i"): {str(name): value for name, value in row.items()} for row in fields}


def merge_picks(layer: Layer, picks: PickTable, replaced: Collection[str] = ()) -> Items:
    """
    Merge new picks into a layer, and return the items that change.

    Picks that nobody has reviewed are replaced. Picks that a person accepted, edited or rejected stay as they are, and
    a new pick on the same trace is dropped.

    Parameters
    ----------
    layer : Layer
        As it is now.
    picks : PickTable
        Pick table of this well.
    replaced : collection of str
        Further items to replace, although they are not proposed.

    Returns
    -------
    mapping of item to fields
        The new picks, and None for the proposals that they replace.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> plane = {"amplitude_m": 0.1, "azimuth_app_deg": 0.0}
    >>> layer = Layer({"p1": {"depth_m": 1.0, "class": "bedding", "status": "rejected", **plane},
    ...                "p2": {"depth_m": 3.0, "class": "bedding", "status": "proposed", **plane}})
    >>> new = merge_picks(layer, new_picks(depth_m=[1.001, 2.0], class_="bedding", **plane))
    >>> new.pop("p2"), [fields["depth_m"] for fields in new.values()]
    (None, [2.0])
    """
    mine = layer.picks()
    replaceable = mine["status"].eq("proposed") | mine["id"].isin(list(replaced))
    new_planes, reviewed = Planes.of(picks), Planes.of(mine[~replaceable])
    i, j = near(new_planes, reviewed, _SAME_PICK_M)
    duplicates = np.unique(i[distances("trace", new_planes, reviewed, i, j) < _SAME_PICK_M])
    new = picks.drop(index=picks.index[duplicates])
    removed: dict[str, Fields | None] = dict.fromkeys(mine.loc[replaceable, "id"])
    return removed | pick_items(new)
