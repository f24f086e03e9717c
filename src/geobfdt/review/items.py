"""Items of a layer: from pick tables and back, and what an edit may say of them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.evaluation.matching import Planes, distances, near
from geobfdt.wells.layers import Fields, Items, Layer
from geobfdt.wells.picks import COLUMNS

__all__ = ["IntervalFields", "PickFields", "interval_items", "joined", "new_id", "parsed", "pick_items"]

_SAME_PICK_M = 0.015  # Two picks closer than this (trace RMS) are one.
_ID = re.compile(r"[pi][0-9a-zA-Z-]{1,40}")
_DIGITS = 6

PickClass = Literal["bedding", "fracture"]


class PickFields(BaseModel):
    """What an edit may change of a pick; the rest follows from it."""

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
        """Whether the trace is another one."""
        return any(v is not None for v in (self.depth_m, self.amplitude_m, self.azimuth_app_deg))


class IntervalFields(BaseModel):
    """A stretch of a well: interpreted completely for a class, or to be ignored for what ``class`` says."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    kind: Literal["interpreted", "ignored"]
    class_: str = Field(alias="class", max_length=40)
    top_m: float = Field(ge=-1e5, le=1e5)
    base_m: float = Field(ge=-1e5, le=1e5)

    @model_validator(mode="after")
    def _ordered(self) -> IntervalFields:
        if self.base_m <= self.top_m:
            raise ValueError("an interval ends below its top")
        if self.kind == "interpreted" and self.class_ not in ("bedding", "fracture"):
            raise ValueError("what is interpreted is bedding or fracture")
        return self


def new_id(kind: Literal["p", "i"]) -> str:
    """Id that no other item has."""
    return kind + uuid.uuid4().hex[:12]


def parsed(items: Mapping[str, Any]) -> dict[str, PickFields | IntervalFields | None]:
    """
    Check the items of an edit.

    Raises
    ------
    ValueError
        If an id or a field is not what it should be.

    Examples
    --------
    >>> parsed({"p1": {"status": "accepted"}})["p1"].status
    'accepted'
    """
    told: dict[str, PickFields | IntervalFields | None] = {}
    for item, fields in items.items():
        if not _ID.fullmatch(item):
            raise ValueError(f"item {item[:40]!r}: an id is p or i, and up to 40 letters, digits and dashes")
        kind = PickFields if item.startswith("p") else IntervalFields
        told[item] = None if fields is None else kind.model_validate(fields)
    return told


def pick_items(picks: pd.DataFrame) -> dict[str, Fields]:
    """
    Items of a pick table, each with a new id.

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


def interval_items(intervals: pd.DataFrame) -> dict[str, Fields]:
    """Items of an interval table, each with a new id; rows without length are left out."""
    rows = intervals[intervals["base_m"] > intervals["top_m"]]
    return {new_id("i"): dict(row) for row in rows[["kind", "class", "top_m", "base_m"]].to_dict("records")}


def joined(layer: Layer, picks: pd.DataFrame, replaced: Collection[str] = ()) -> Items:
    """
    Items by which new picks join a layer.

    What nobody has reviewed yet makes room; what somebody accepted, edited or rejected stays as it is, and no new pick
    is put on top of it.

    Parameters
    ----------
    layer : Layer
        As it is now.
    picks : DataFrame
        Pick table of this well.
    replaced : collection of str
        Items that make room besides, though they are not proposed.

    Returns
    -------
    mapping of item to fields
        The new picks, and None for proposals that go.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> plane = {"amplitude_m": 0.1, "azimuth_app_deg": 0.0}
    >>> layer = Layer({"p1": {"depth_m": 1.0, "class": "bedding", "status": "rejected", **plane},
    ...                "p2": {"depth_m": 3.0, "class": "bedding", "status": "proposed", **plane}})
    >>> new = joined(layer, new_picks(depth_m=[1.001, 2.0], class_="bedding", **plane))
    >>> new.pop("p2"), [fields["depth_m"] for fields in new.values()]
    (None, [2.0])
    """
    mine = layer.picks()
    open_ = mine["status"].eq("proposed") | mine["id"].isin(list(replaced))
    found, reviewed = Planes.of(picks), Planes.of(mine[~open_])
    i, j = near(found, reviewed, _SAME_PICK_M)
    taken = np.unique(i[distances("trace", found, reviewed, i, j) < _SAME_PICK_M])
    new = picks.drop(index=picks.index[taken])
    gone: dict[str, Fields | None] = dict.fromkeys(mine.loc[open_, "id"])
    return gone | pick_items(new)
