"""The room where wells are reviewed: everything the screen can ask for, without a word of HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geobfdt.evaluation.agreement import agree
from geobfdt.geometry import amplitude_azimuth, trace_depth
from geobfdt.picking.detector import Detector
from geobfdt.picking.drift import read_zones
from geobfdt.picking.picker import detector_of
from geobfdt.picking.snapping import describe_traces, snap, through
from geobfdt.reports.image_raster import depth_range
from geobfdt.review.bounds import LARGEST_TABLE, well_files
from geobfdt.review.consensus import AGREEMENT_M, DECIDED, common_intervals, common_planes, matching_rows
from geobfdt.review.items import IntervalFields, PickFields, interval_items, joined, parsed, pick_items
from geobfdt.review.job_queue import FullError
from geobfdt.review.tiles import LEVELS, MARGIN, ROWS, OpenWells, even_columns
from geobfdt.runtime.findings import InputError, findings_from_json
from geobfdt.wells.image import WellImage, log_at, row_spacing
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.layers import ConflictError, Edit, Fields, Items, Layer, LayerLog, OutdatedError
from geobfdt.wells.picks import CLASSES, complete, new_picks, traces

__all__ = ["CONSENSUS", "Room"]

CONSENSUS = "consensus"  # Name of the layer, and kind of the edits, that two interpreters' consensus is in.

_BREAK_S = 120.0  # Seconds without an edit after which nobody was working.
_AT_ONCE = ("join", CONSENSUS, "bulk")  # Edits of many picks that nobody looked at one by one.
_STANDING = (*DECIDED, "proposed")  # Status of a pick that nobody has rejected.
_DETECTORS = 4  # Wells that a detector is kept for.
_STATIONS = 400  # Depths at which the screen gets diameter and direction of the hole.
_DIGITS = 6
_MOST_TRACES = 100  # Traces that one edit may draw or move: each is measured on the image, in some 80 ms.
_MOST_ITEMS = 200_000  # Items of a layer.
_MOST_SCORED = 10_000  # Picks of two layers that a score beside chance is computed for: it takes some eight seconds.
_AT_WORK = 8  # Requests that may compute at once; the server has 40 threads, and the others are for quick answers.
_PATIENCE_S = 2.0  # Seconds that a request waits for its turn to compute.
_RETRIES = 5  # Times that an edit is made anew when somebody else writes at the same moment.
_FAR_M = 0.02  # A snapped trace further than this from the click fits poorly.
_INTERVAL = re.compile(r"(-?\d+(?:\.\d+)?)(?: ?(?:-|to) ?(-?\d+(?:\.\d+)?))? m\b")  # Depths in a finding's place.


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
        self._computing = threading.BoundedSemaphore(_AT_WORK)
        self._warming = ThreadPoolExecutor(1, "warm-up")
        self._warmed: Future[None] | None = None

    def warm(self) -> None:
        """Open the first well that can be read, so that whoever comes first does not wait for libraries to load."""
        for well in self.wells.names():
            try:
                self.wells.tile(well, "dynamic", 0, 0)
                return
            except InputError:
                continue

    def warm_detector(self, well: str) -> None:
        """
        Load what snaps on a well and run it once, beside everything else, so that the first click does not wait.

        One well at a time: while one is made ready, others are passed over, and get their detector with their first
        click.
        """
        if (self._warmed is None or self._warmed.done()) and well not in self._detectors:
            self._warmed = self._warming.submit(self._warm_detector, well)

    def _warm_detector(self, well: str) -> None:
        try:
            top, base = depth_range(self.wells.image(well))
            self.snap(well, [(top + base) / 2], [0.0])
        except (InputError, KeyError, ValueError, FullError):
            return  # Whoever clicks is told.

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """
        Wait for one's turn to compute.

        Raises
        ------
        FullError
            If too many do.
        """
        if not self._computing.acquire(timeout=_PATIENCE_S):
            raise FullError("the server is busy with other questions; ask again")
        try:
            yield
        finally:
            self._computing.release()

    def close(self) -> None:
        """Let go of what is being made ready."""
        self._warming.shutdown(wait=False, cancel_futures=True)

    def overview(self) -> list[dict[str, Any]]:
        """Wells of the field, with how far each layer is; of one that cannot be read only the ``damage``."""
        wells: list[dict[str, Any]] = []
        for well, problem in well_files(self.wells.field.path).items():
            try:
                summary = {} if problem else self.wells.summary(well)
            except (InputError, OSError) as error:
                problem = f"{error.observed}; {error.cure}" if isinstance(error, InputError) else "cannot be opened"
            if problem:
                wells.append({"well": well, "name": well, "damage": problem})
                continue
            with self.log.lock:
                layers = {name: self._progress(self.log.layer(well, name)) for name in self.log.layers(well)}
            interpreted = self.wells.field.file(well, ".picks.csv").is_file()
            wells.append({"well": well, **summary, "layers": layers, "interpreted": interpreted})
        return wells

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
        file = self.wells.file(well, ".drift.csv", LARGEST_TABLE)
        drift = [] if file is None else read_zones(file).query("state != 'ok'").to_dict("records")
        inner = [MARGIN / (1 + 2 * MARGIN), (1 + MARGIN) / (1 + 2 * MARGIN)]
        return {
            "well": well, "name": str(image.attrs["well"]) or well, "tool": str(image.attrs["tool"]),
            "reference": str(image.attrs["reference"]), "top": top, "base": base,
            "row": row_spacing(image) or 0.01, "columns": int(nearest.size), "rows": ROWS, "levels": LEVELS,
            "window": {"static": inner, "dynamic": inner if "dynamic" in image else [0.0, 1.0]},
            "hole": {"depth": _plain(at), **hole},
            "drift": drift,
            "findings": self._findings(well, image),
        }  # fmt: skip

    def _findings(self, well: str, image: WellImage) -> list[dict[str, Any]]:
        """Findings of a well as it was brought in, each with the depths that it speaks of."""
        file = self.wells.file(well, ".findings.json", LARGEST_TABLE)
        try:
            findings = findings_from_json(file.read_text()) if file else image.attrs["findings"]
        except (OSError, ValueError):  # The image has its own, but for those of the picks.
            findings = image.attrs["findings"]
        rows = []
        for finding in findings:
            depths = _INTERVAL.search(finding.place)
            top = float(depths[1]) if depths else None
            base = float(depths[2]) if depths and depths[2] else top
            rows.append({**finding.to_dict(), "top_m": top, "base_m": base})
        return rows

    def state(self, well: str, layer: str, person: str | None = None) -> dict[str, Any]:
        """All items of a layer, and its version; for a person, whether there is something to undo and to redo."""
        self.wells.image(well)
        with self.log.lock:
            now = self.log.layer(well, layer)
            return {"version": now.version, "items": dict(now.items), **self._stacks(now, person)}

    @staticmethod
    def _stacks(layer: Layer, person: str | None) -> dict[str, bool]:
        if person is None:
            return {}
        return {"can_undo": bool(layer.done_by.get(person)), "can_redo": bool(layer.undone_by.get(person))}

    def since(self, well: str, layer: str, after: int, person: str | None = None) -> dict[str, Any]:
        """Items that changed after a version (None: gone), by whom, and the version now; else as :meth:`state`."""
        with self.log.lock:
            now, edits = self.log.layer(well, layer), self.log.edits(well, layer, after)
            edits = [edit for edit in edits if edit.id <= now.version]  # another process may have added one meanwhile
            touched = {i for e in edits for i in (now.edits[e.target].items if e.target is not None else e.items)}
            changed = {item: now.items.get(item) for item in touched}
            people = sorted({edit.person for edit in edits})
            return {"version": now.version, "items": changed, "people": people, **self._stacks(now, person)}

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
            If a field is not one that can be changed so, or there is too much in the edit or in the layer.
        ConflictError
            If somebody else changed one of the items after `seen`, or the key belongs to another edit.
        """
        image, changes = self.wells.image(well), parsed(items)
        drawn = sum(isinstance(fields, PickFields) and fields.moves for fields in changes.values())
        if drawn > _MOST_TRACES:
            raise ValueError(f"an edit that draws or moves {drawn} traces; send at most {_MOST_TRACES} at a time")
        for retry in range(_RETRIES):
            with self.log.lock:
                now = self.log.layer(well, layer)
                version, before = now.version, {item: now.items.get(item) for item in changes}
                new = sum(item not in now.items for item in changes)
                if new and len(now.items) + new > _MOST_ITEMS:
                    raise ValueError(f"the layer has {len(now.items)} items; it can hold {_MOST_ITEMS}")
            written = {item: self._fields(image, before[item], fields, person) for item, fields in changes.items()}
            try:
                # What is written was made from `version`: a later change would be overwritten by an older trace.
                edit = self.log.add(well, layer, person, kind, written, seen=seen, version=version, key=key)
                return self._after(well, layer, edit, person, seen)
            except OutdatedError:
                if retry == _RETRIES - 1:
                    raise
        raise AssertionError

    def _fields(
        self, image: WellImage, before: Fields | None, change: PickFields | IntervalFields | None, person: str
    ) -> Fields | None:
        if isinstance(change, PickFields):
            return self._pick(image, before, change, person)
        return change.model_dump(by_alias=True) if change is not None else None

    def undo(
        self, well: str, layer: str, person: str, *, again: bool = False, seen: int | None = None
    ) -> dict[str, Any]:
        """Undo a person's last edit, or redo the last undone; ``items`` is empty if there is none."""
        self.wells.image(well)
        edit = self.log.undo(well, layer, person, again=again)
        if edit is None:
            with self.log.lock:
                stacks = self._stacks(self.log.layer(well, layer), person)
            return {"version": seen or 0, "items": {}, "people": [], "kind": "", **stacks}
        return self._after(well, layer, edit, person, seen)

    def _after(self, well: str, layer: str, edit: Edit, person: str, seen: int | None = None) -> dict[str, Any]:
        with self.log.lock:
            now = self.log.layer(well, layer)
            kind = (now.edits[edit.target] if edit.target is not None else edit).kind
            # All that changed since the person looked: else an edit of somebody else just before this one is missed.
            after = edit.id - 1 if seen is None else min(seen, edit.id - 1)
            return {**self.since(well, layer, after, person), "kind": kind}

    def _pick(self, image: WellImage, before: Fields | None, change: PickFields, person: str) -> Fields:
        fields = change.model_dump(by_alias=True, exclude_none=True, exclude={"snapped"})
        if change.class_ is not None and "status" not in fields:
            fields["status"] = "edited"
        new = before is None and change.depth_m is not None and change.class_ is not None
        if not (new or (before is not None and change.moves)):
            return fields  # Of a pick that is not there, the log refuses it.
        old = before or {}
        place = [{**old, **fields}.get(name) or 0.0 for name in ("depth_m", "amplitude_m", "azimuth_app_deg")]
        depth, size, azimuth = place[0], place[1], np.radians(place[2])
        row = describe_traces(image, [depth, size * np.cos(azimuth), size * np.sin(azimuth)], snapped=change.snapped)
        # What was measured of the old trace is not true of the new one.
        blank: Fields = dict.fromkeys(
            ("sigma_depth_m", "sigma_dip_deg", "sigma_azimuth_deg", "dip_true_deg", "azimuth_true_deg", "confidence")
        )
        measured = next(iter(pick_items(row).values()))
        return {**blank, "quality": "", **measured, "class": old.get("class", "fracture"), "status": "edited",
                "source": person, **fields}  # fmt: skip

    def begin(self, well: str, layer: str, person: str, source: str, key: str | None = None) -> dict[str, Any]:
        """
        Bring picks into a layer: the field's own (``field``), or those of another layer.

        Raises
        ------
        KeyError
            If there is no such layer.
        """
        image = self.wells.image(well)
        if source == "field":
            for suffix in (".picks.csv", ".intervals.csv"):
                self.wells.file(well, suffix, LARGEST_TABLE)
            picks = complete(self.wells.field.picks(well), image)[0]
            intervals = self.wells.field.intervals(well)
            if len(picks):
                top, base = depth_range(image)
                named = set(intervals.loc[intervals["kind"] == "interpreted", "class"])
                whole = [("", "interpreted", name, top, base) for name in CLASSES if name not in named]
                intervals = pd.concat([intervals, new_intervals(whole)], ignore_index=True)
            picks["status"] = picks["status"].replace("", "proposed")
        elif source in self.log.layers(well):
            with self.log.lock:
                other = self.log.layer(well, source)
                picks, intervals = other.picks(status=_STANDING), other.intervals()
        else:
            raise KeyError(source)

        def items(now: Layer) -> Items:
            begun = any(item.startswith("i") for item in now.items)
            return {**joined(now, picks), **({} if begun else interval_items(intervals))}

        return self._append(well, layer, person, "join", items, key)

    def join(self, well: str, layer: str, person: str, picks: pd.DataFrame, key: str | None = None) -> dict[str, Any]:
        """Let new proposals join a layer, once for a key; what was reviewed stays."""
        return self._append(well, layer, person, "join", lambda now: joined(now, picks), key)

    def _append(
        self, well: str, layer: str, person: str, kind: str, items: Callable[[Layer], Items], key: str | None = None
    ) -> dict[str, Any]:
        """
        Add an edit that is made from the layer as it is; once for a key.

        A pick that somebody decides on while the edit is being made is not taken away by it: the edit is made anew.
        """
        for retry in range(_RETRIES):
            if key is not None and (edit := self.log.find(key, well, layer)) is not None:
                return self._after(well, layer, edit, person)
            with self.log.lock:
                now = self.log.layer(well, layer)
                version, changes = now.version, items(now)
                if len(now.items) + len(changes) > 2 * _MOST_ITEMS:
                    raise ValueError(f"a layer of {len(now.items) + len(changes)} items; it can hold {_MOST_ITEMS}")
            try:
                edit = self.log.add(well, layer, person, kind, changes, version=version, key=key)
                return self._after(well, layer, edit, person)
            except ConflictError:  # The layer has changed, or this key has just been used: look again.
                if retry == _RETRIES - 1:
                    raise
        raise AssertionError

    def snap(self, well: str, depth: list[float], angle: list[float], layer: str | None = None) -> dict[str, Any]:
        """
        Trace that one point, or three, most likely mean; of one point, none that the layer has already.

        Returns
        -------
        dict
            The trace, its class where the detector knows it, how far it is from the click (``distance_m``), its
            ``quality``, and whether it fits poorly (``poor``): far from the click, or of rank C or D.

        Raises
        ------
        ValueError
            If there are neither one nor three points, or three lie above each other.
        """
        image = self.wells.image(well)
        name = ""
        if len(depth) == 1:
            with self.log.lock:
                taken = self.log.layer(well, layer).picks("", _STANDING) if layer else new_picks()
            with self._turn(), self._detecting:
                trace, name = snap(image, depth[0], angle[0], self._detector(well, image), traces(taken))
        elif len(depth) == 3:
            trace = through(depth, angle)
        else:
            raise ValueError("give one point or three")
        size, azimuth = amplitude_azimuth(trace)
        place = {"depth_m": trace[0], "amplitude_m": size, "azimuth_app_deg": azimuth}
        distance = float(np.abs(trace_depth(trace, np.array(angle)) - depth).max())
        quality = str(describe_traces(image, trace, snapped=True)["quality"].iloc[0]) if len(depth) == 1 else ""
        return {
            **{k: round(float(v), _DIGITS) for k, v in place.items()}, "class": name, "snapped": len(depth) == 1,
            "distance_m": round(distance, _DIGITS), "quality": quality,
            "poor": len(depth) == 1 and (quality not in ("A", "B") or distance > _FAR_M),
        }  # fmt: skip

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
        with self._turn():
            return self._compare(a, b, self._standing(well, a, name), self._standing(well, b, name))

    def _compare(self, a: str, b: str, mine: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, Any]:
        pairs = matching_rows(mine, theirs)
        result: dict[str, Any] = {
            "a": a, "b": b, "both": [[mine["id"].iloc[i], theirs["id"].iloc[j]] for i, j in pairs],
            "only_a": mine["id"].drop(mine.index[[i for i, _ in pairs]]).tolist(),
            "only_b": theirs["id"].drop(theirs.index[[j for _, j in pairs]]).tolist(),
        }  # fmt: skip
        if len(mine) + len(theirs) > _MOST_SCORED:
            result["note"] = f"no scores for more than {_MOST_SCORED} picks; geobfdt agree computes them"
        elif len(mine) and len(theirs):
            agreement = agree(mine.drop(columns=["id", "note"]), theirs.drop(columns=["id", "note"]))
            table = agreement.table()
            rows = table[(table["kind"] == "trace") & (table["tolerance_m"].round(3) == AGREEMENT_M)]
            result["scores"] = [
                {"class": r["class"], "f1": _number(r["f1"]), "blind": _number(r.get("null_f1"))}
                for r in rows.to_dict("records")
            ]
            result["kappa"] = _number(agreement.kappa)
        return result

    def _standing(self, well: str, layer: str, name: str = "") -> pd.DataFrame:
        """Pick table of a layer, without what its interpreter rejected."""
        with self.log.lock:
            return self.log.layer(well, layer).picks(name, _STANDING)

    def consensus(self, well: str, a: str, b: str, person: str) -> dict[str, Any]:
        """
        Fill the layer ``consensus``: planes that both have, accepted if both have decided; the rest is proposed.

        Made again, it takes back what it made before and nobody has decided on since.

        Returns
        -------
        dict
            As :meth:`edit`.

        Raises
        ------
        ValueError
            If one of the two is the consensus itself.
        """
        if CONSENSUS in (a, b):
            raise ValueError("a consensus is made of two other layers")
        image = self.wells.image(well)
        first, second = self._standing(well, a), self._standing(well, b)
        pairs = matching_rows(first, second)
        with self._turn():
            parts = [common_planes(first, second, pairs, image, (a, b))] if pairs else []
        for own, table, others in ((a, first, {i for i, _ in pairs}), (b, second, {j for _, j in pairs})):
            alone = table.drop(index=table.index[sorted(others)]).assign(status="proposed", source=own)
            parts.append(alone.drop(columns="id"))
        filled = [part for part in parts if len(part)]
        picks = pd.concat(filled, ignore_index=True) if filled else new_picks(note="")
        with self.log.lock:
            intervals = common_intervals(*(self.log.layer(well, layer).intervals() for layer in (a, b)))

        def items(now: Layer) -> Items:
            own = {item for item in now.items if now.made_by(item, CONSENSUS)}
            drawn = {tuple(f[k] for k in ("kind", "class", "top_m", "base_m")) for i, f in now.items.items()
                     if i.startswith("i") and i not in own}  # fmt: skip
            new = {i: f for i, f in interval_items(intervals).items() if tuple(f.values()) not in drawn}
            return {**dict.fromkeys(own), **joined(now, picks, own), **new}

        return self._append(well, CONSENSUS, person, CONSENSUS, items)

    def pace(self, well: str, layer: str, person: str) -> dict[str, float]:
        """Minutes a person worked on a layer, metres covered and picks decided; breaks of two minutes do not count."""
        mine = [edit for edit in self.log.edits(well, layer) if edit.person == person]
        steps = np.diff([edit.at for edit in mine])
        decided = {item for edit in mine if edit.kind not in _AT_ONCE for item in edit.items if item[0] == "p"}
        with self.log.lock:
            items = self.log.layer(well, layer).items
            depths = [items[item]["depth_m"] for item in decided if item in items]
        return {
            "minutes": float(steps[(steps > 0) & (steps < _BREAK_S)].sum() / 60),  # a clock may have been put back
            "metres": float(np.ptp(depths)) if depths else 0.0,
            "picks": float(len(decided)),
        }


def _plain(values: Any) -> list[float | None]:
    return [round(float(v), 5) if np.isfinite(v) else None for v in values]


def _number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
