"""The room where wells are reviewed: everything the screen can ask for, without a word of HTTP."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geobfdt.evaluation.agreement import agree
from geobfdt.evaluation.matching import Planes, assign, distances, near
from geobfdt.geometry import amplitude_azimuth
from geobfdt.picking.detector import Detector
from geobfdt.picking.drift import read_zones
from geobfdt.picking.picker import detector_of
from geobfdt.picking.snapping import described, snap, through
from geobfdt.reports.raster import depth_range
from geobfdt.review.items import IntervalFields, PickFields, interval_items, joined, parsed, pick_items
from geobfdt.review.tiles import LEVELS, MARGIN, ROWS, OpenWells, even_columns
from geobfdt.wells.findings import InputError
from geobfdt.wells.image import WellImage, log_at, row_spacing
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.layers import Edit, Fields, Layer, LayerLog
from geobfdt.wells.picks import CLASSES, complete, new_picks, traces

__all__ = ["CONSENSUS", "Room"]

CONSENSUS = "consensus"
_AGREED = 0.03  # trace RMS within which two interpreters mean one plane (m)
_BREAK = 120.0  # s without an edit after which nobody was working
_AT_ONCE = ("join", "consensus", "bulk")  # edits of many picks that nobody looked at one by one
_TAKEN = ("accepted", "edited")
_DETECTORS = 4  # wells that a detector is kept for
_STATIONS = 400  # of the hole, told to the screen
_DIGITS = 6


class Room:
    """
    A field under review.

    Parameters
    ----------
    field : Path
        The field.
    model : str or Path
        Bundle that picks and snaps; ``default`` is the shipped one.
    """

    def __init__(self, field: Path, model: str | Path = "default") -> None:
        self.wells = OpenWells(field)
        self.log = LayerLog(field)
        self.model = model
        self._detectors: dict[str, tuple[WellImage, Detector | None]] = {}  # each with the image it was made for
        self._detecting = threading.Lock()

    def warm(self) -> None:
        """Open the first well that can be read, so that whoever comes first does not wait for libraries to load."""
        for well in self.wells.names():
            try:
                self.wells.tile(well, "dynamic", 0, 0)
                return
            except InputError:
                continue

    def overview(self) -> list[dict[str, Any]]:
        """Wells of the field, with how far each layer is; of one that cannot be read only the ``damage``."""
        told: list[dict[str, Any]] = []
        for well in self.wells.names():
            try:
                known = self.wells.summary(well)
            except InputError as error:
                told.append({"well": well, "name": well, "damage": f"{error.seen}; {error.cure}"})
                continue
            with self.log.lock:
                layers = {name: self._progress(self.log.layer(well, name)) for name in self.log.layers(well)}
            begun = self.wells.field.file(well, ".picks.csv").exists()
            told.append({"well": well, **known, "layers": layers, "interpreted": begun})
        return told

    @staticmethod
    def _progress(layer: Layer) -> dict[str, int]:
        states = [f.get("status", "proposed") for item, f in layer.items.items() if item.startswith("p")]
        return {"picks": len(states), "reviewed": sum(state != "proposed" for state in states)}

    def describe(self, well: str) -> dict[str, Any]:
        """What the screen needs to draw a well: depths, tiles, hole, findings, where the model is not at home."""
        image = self.wells.image(well)
        top, base = depth_range(image)
        nearest, _ = even_columns(image["azimuth"].values)
        at = np.linspace(top, base, _STATIONS)
        hole = {name: _plain(log_at(image, name, at)) for name in ("diameter", "deviation", "hole_azimuth")}
        file = self.wells.field.file(well, ".drift.csv")
        drift = read_zones(file).query("state != 'ok'").to_dict("records") if file.exists() else []
        inner = [MARGIN / (1 + 2 * MARGIN), (1 + MARGIN) / (1 + 2 * MARGIN)]
        return {
            "well": well, "name": str(image.attrs["well"]) or well, "tool": str(image.attrs["tool"]),
            "reference": str(image.attrs["reference"]), "top": top, "base": base,
            "row": row_spacing(image) or 0.01, "columns": int(nearest.size), "rows": ROWS, "levels": LEVELS,
            "window": {"static": inner, "dynamic": inner if "dynamic" in image else [0.0, 1.0]},
            "hole": {"depth": _plain(at), **hole},
            "drift": drift,
            "findings": [{"severity": str(f.severity), "seen": f.seen} for f in image.attrs["findings"]],
        }  # fmt: skip

    def state(self, well: str, layer: str) -> dict[str, Any]:
        """All items of a layer, and its version."""
        self.wells.image(well)
        with self.log.lock:
            now = self.log.layer(well, layer)
            return {"version": now.version, "items": dict(now.items)}

    def since(self, well: str, layer: str, after: int) -> dict[str, Any]:
        """Items that changed after a version (None: gone), by whom, and the version now."""
        with self.log.lock:
            now, edits = self.log.layer(well, layer), self.log.edits(well, layer, after)
            edits = [edit for edit in edits if edit.id <= now.version]  # another process may have added one meanwhile
            touched = {i for e in edits for i in (now.edits[e.target].items if e.target is not None else e.items)}
            changed = {item: now.items.get(item) for item in touched}
            return {"version": now.version, "items": changed, "people": sorted({edit.person for edit in edits})}

    def edit(
        self,
        well: str,
        layer: str,
        person: str,
        kind: str,
        items: Mapping[str, Any],
        seen: int | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """
        Change items of a layer.

        A trace that was moved gets its dips anew, and is ``edited`` by the person who moved it.

        Raises
        ------
        ValueError
            If a field is not one that can be changed so.
        StaleError
            If somebody else changed one of the items after `seen`.
        """
        image, now = self.wells.image(well), self.log.layer(well, layer)
        written: dict[str, Fields | None] = {}
        for item, fields in parsed(items).items():
            if fields is None:
                written[item] = None
            elif isinstance(fields, IntervalFields):
                written[item] = fields.model_dump(by_alias=True)
            else:
                written[item] = self._pick(image, now.items.get(item), fields, person)
        edit = self.log.add(well, layer, person, kind, written, seen=seen, key=key)
        return self._after(well, layer, edit, seen)

    def undo(
        self, well: str, layer: str, person: str, *, again: bool = False, seen: int | None = None
    ) -> dict[str, Any]:
        """Undo a person's last edit, or redo the last undone; ``items`` is empty if there is none."""
        self.wells.image(well)
        edit = self.log.undo(well, layer, person, again=again)
        if edit is None:
            return {"version": seen or 0, "items": {}, "people": [], "kind": ""}
        return self._after(well, layer, edit, seen)

    def _after(self, well: str, layer: str, edit: Edit, seen: int | None = None) -> dict[str, Any]:
        with self.log.lock:
            now = self.log.layer(well, layer)
            kind = (now.edits[edit.target] if edit.target is not None else edit).kind
            # All that changed since the person looked: else an edit of somebody else just before this one is missed.
            return {**self.since(well, layer, edit.id - 1 if seen is None else min(seen, edit.id - 1)), "kind": kind}

    def _pick(self, image: WellImage, before: Fields | None, change: PickFields, person: str) -> Fields:
        fields = change.model_dump(by_alias=True, exclude_none=True, exclude={"snapped"})
        if before is None and (change.depth_m is None or change.class_ is None):
            raise ValueError("a new pick needs depth_m and class")
        if change.class_ is not None and "status" not in fields:
            fields["status"] = "edited"
        if before is not None and not change.moves:
            return fields
        old = before or {}
        place = [{**old, **fields}.get(name) or 0.0 for name in ("depth_m", "amplitude_m", "azimuth_app_deg")]
        depth, size, azimuth = place[0], place[1], np.radians(place[2])
        row = described(image, [depth, size * np.cos(azimuth), size * np.sin(azimuth)], snapped=change.snapped)
        # What was measured of the old trace is not true of the new one.
        blank: Fields = dict.fromkeys(
            ("sigma_depth_m", "sigma_dip_deg", "sigma_azimuth_deg", "dip_true_deg", "azimuth_true_deg", "confidence")
        )
        told = next(iter(pick_items(row).values()))
        return {**blank, "quality": "", **told, "class": old.get("class", "fracture"), "status": "edited",
                "source": person, **fields}  # fmt: skip

    def begin(self, well: str, layer: str, person: str, source: str, key: str | None = None) -> dict[str, Any]:
        """
        Bring picks into a layer: the field's own (``field``), or those of another layer.

        Raises
        ------
        KeyError
            If there is no such layer.
        """
        image, now = self.wells.image(well), self.log.layer(well, layer)
        if source == "field":
            picks = complete(self.wells.field.picks(well), image)[0]
            intervals = self.wells.field.intervals(well)
            if len(picks):
                top, base = depth_range(image)
                named = set(intervals.loc[intervals["kind"] == "interpreted", "class"])
                whole = [("", "interpreted", name, top, base) for name in CLASSES if name not in named]
                intervals = pd.concat([intervals, new_intervals(whole)], ignore_index=True)
            picks["status"] = picks["status"].replace("", "proposed")
        elif source in self.log.layers(well):
            other = self.log.layer(well, source)
            picks, intervals = other.picks(status=(*_TAKEN, "proposed")), other.intervals()
        else:
            raise KeyError(source)
        items = {**joined(now, picks)}
        if not any(item.startswith("i") for item in now.items):
            items |= interval_items(intervals)
        return self._after(well, layer, self.log.add(well, layer, person, "join", items, key=key))

    def join(self, well: str, layer: str, person: str, picks: pd.DataFrame, key: str | None = None) -> dict[str, Any]:
        """Let new proposals join a layer, once for a key; what was reviewed stays."""
        items = joined(self.log.layer(well, layer), picks)
        return self._after(well, layer, self.log.add(well, layer, person, "join", items, key=key))

    def snap(self, well: str, depth: list[float], angle: list[float], layer: str | None = None) -> dict[str, Any]:
        """
        Trace that one point, or three, most likely mean; of one point, none that the layer has already.

        Raises
        ------
        ValueError
            If there are neither one nor three points, or three lie above each other.
        """
        image = self.wells.image(well)
        name = ""
        if len(depth) == 1:
            taken = self.log.layer(well, layer).picks("", (*_TAKEN, "proposed")) if layer else new_picks()
            with self._detecting:
                trace, name = snap(image, depth[0], angle[0], self._detector(well, image), traces(taken))
        elif len(depth) == 3:
            trace = through(depth, angle)
        else:
            raise ValueError("give one point or three")
        size, azimuth = amplitude_azimuth(trace)
        place = {"depth_m": trace[0], "amplitude_m": size, "azimuth_app_deg": azimuth}
        return {**{k: round(float(v), _DIGITS) for k, v in place.items()}, "class": name, "snapped": len(depth) == 1}

    def _detector(self, well: str, image: WellImage) -> Detector | None:
        if well not in self._detectors or self._detectors[well][0] is not image:
            try:
                self._detectors[well] = (image, detector_of(image, self.model))
            except InputError:  # an image without any contrast, say: the pixels still answer
                self._detectors[well] = (image, None)
            for old in list(self._detectors)[:-_DETECTORS]:
                del self._detectors[old]
        return self._detectors[well][1]

    def compare(self, well: str, a: str, b: str) -> dict[str, Any]:
        """How far two layers agree, and which picks only one of them has."""
        image = self.wells.image(well)
        name = str(image.attrs["well"]) or well
        first, second = (self.log.layer(well, layer) for layer in (a, b))
        mine, theirs = (one.picks(name, (*_TAKEN, "proposed")) for one in (first, second))
        told: dict[str, Any] = {"a": a, "b": b, "only_a": [], "only_b": [], "both": []}
        pairs = _pairs(mine, theirs)
        told["both"] = [[mine["id"].iloc[i], theirs["id"].iloc[j]] for i, j in pairs]
        told["only_a"] = mine["id"].drop(mine.index[[i for i, _ in pairs]]).tolist()
        told["only_b"] = theirs["id"].drop(theirs.index[[j for _, j in pairs]]).tolist()
        if len(mine) and len(theirs):
            result = agree(mine.drop(columns=["id", "note"]), theirs.drop(columns=["id", "note"]))
            table = result.table()
            rows = table[(table["kind"] == "trace") & (table["tolerance_m"].round(3) == _AGREED)]
            told["scores"] = [
                {"class": r["class"], "f1": _number(r["f1"]), "blind": _number(r.get("null_f1"))}
                for r in rows.to_dict("records")
            ]
            told["kappa"] = _number(result.kappa)
        return told

    def consensus(self, well: str, a: str, b: str, person: str) -> dict[str, Any]:
        """
        Fill the layer ``consensus``: planes that both have, midway and accepted; those of one of them are proposed.

        Returns
        -------
        dict
            As :meth:`edit`.
        """
        image = self.wells.image(well)
        first, second = (self.log.layer(well, layer).picks("", (*_TAKEN, "proposed")) for layer in (a, b))
        pairs = _pairs(first, second)
        parts = []
        if pairs:
            i, j = np.array(pairs).T
            middle = (traces(first)[i] + traces(second)[j]) / 2
            size, azimuth = amplitude_azimuth(middle)
            same = new_picks(
                depth_m=middle[:, 0], class_=first["class"].to_numpy()[i], amplitude_m=size, azimuth_app_deg=azimuth,
                reference=image.attrs["reference"], source=f"{a} and {b}", status="accepted",
            )  # fmt: skip
            parts.append(complete(same, image)[0])
        for own, table, others in ((a, first, {i for i, _ in pairs}), (b, second, {j for _, j in pairs})):
            alone = table.drop(index=table.index[sorted(others)]).assign(status="proposed", source=own)
            parts.append(alone.drop(columns=["id", "note"]))
        picks = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else first
        now = self.log.layer(well, CONSENSUS)
        return self._after(well, CONSENSUS, self.log.add(well, CONSENSUS, person, "consensus", joined(now, picks)))

    def pace(self, well: str, layer: str, person: str) -> dict[str, float]:
        """Minutes a person worked on a layer, metres covered and picks decided; breaks of two minutes do not count."""
        now = self.log.layer(well, layer)
        mine = [edit for edit in self.log.edits(well, layer) if edit.person == person]
        steps = np.diff([edit.at for edit in mine])
        decided = {item for edit in mine if edit.kind not in _AT_ONCE for item in edit.items if item[0] == "p"}
        depths = [now.items[item]["depth_m"] for item in decided if item in now.items]
        return {
            "minutes": float(steps[(steps > 0) & (steps < _BREAK)].sum() / 60),  # a clock may have been put back
            "metres": float(np.ptp(depths)) if depths else 0.0,
            "picks": float(len(decided)),
        }


def _pairs(first: pd.DataFrame, second: pd.DataFrame) -> list[tuple[int, int]]:
    """Rows of planes of one class that two tables share."""
    p, q = Planes.of(first), Planes.of(second)
    i, j = near(p, q, _AGREED)
    same = first["class"].to_numpy()[i] == second["class"].to_numpy()[j]
    i, j = i[same], j[same]
    return [(int(i[k]), int(j[k])) for k in assign(i, j, distances("trace", p, q, i, j), _AGREED)]


def _plain(values: Any) -> list[float | None]:
    return [round(float(v), 5) if np.isfinite(v) else None for v in values]


def _number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
