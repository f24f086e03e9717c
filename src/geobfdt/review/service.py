"""The review service: everything that the screen needs, without HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.evaluation.agreement import agree
from geobfdt.geometry import amplitude_azimuth, trace_depth
from geobfdt.picking.detector import Detector
from geobfdt.picking.drift import read_zones
from geobfdt.picking.picker import detector_of
from geobfdt.picking.snapping import describe_traces, snap, through
from geobfdt.reports.image_raster import depth_range
from geobfdt.review.bounds import MAX_TABLE_BYTES, list_wells
from geobfdt.review.breakout_layer import BREAKOUTS, changed_breakout
from geobfdt.review.consensus import AGREEMENT_M, DECIDED_STATUSES, common_intervals, common_planes, matching_rows
from geobfdt.review.items import (
    BreakoutFields,
    Change,
    PickFields,
    VugFields,
    interval_items,
    merge_picks,
    parse_items,
    pick_items,
)
from geobfdt.review.job_queue import BusyError
from geobfdt.review.schemas import EditBody
from geobfdt.review.table_layer import TableFiles
from geobfdt.review.tiles import CONTRAST_MARGIN, LEVELS, TILE_ROWS, OpenWells, resample_columns
from geobfdt.review.vug_layer import VUGS, changed_vug
from geobfdt.runtime.findings import InputError, findings_from_json
from geobfdt.wells.breakouts import BreakoutTable, read_breakouts
from geobfdt.wells.image import WellImage, log_at, row_spacing
from geobfdt.wells.intervals import join_intervals, new_intervals
from geobfdt.wells.layers import ConflictError, Edit, Fields, Items, Layer, LayerLog, OutdatedError
from geobfdt.wells.picks import CLASSES, PickTable, complete, join_picks, new_picks, traces

__all__ = ["CONSENSUS", "ReviewService"]

# Name of the layer that holds the consensus of two interpreters, and kind of its edits.
CONSENSUS = "consensus"

# After this long without an edit the person had a break.
_BREAK_S = 120.0
# Edits of these kinds change many picks that nobody reviewed one by one.
_BULK_KINDS = ("join", CONSENSUS, "bulk")
# A pick with one of these statuses was not rejected.
_NOT_REJECTED = (*DECIDED_STATUSES, "proposed")
# Detectors of this many wells stay in memory.
_MAX_DETECTORS = 4
# The screen gets diameter and direction of the hole at this many depths.
_HOLE_STATIONS = 400
# Values are rounded to this many decimals.
_DIGITS = 6
# One edit may draw or move this many traces: each is measured on the image, in some 80 ms.
_MAX_TRACES = 100
# A layer holds at most this many items.
_MAX_ITEMS = 200_000
# Two layers are scored up to this many picks together, which takes some eight seconds.
_MAX_SCORED_PICKS = 10_000
# This many requests may compute at once; the server has 40 threads, and the others give quick answers.
_MAX_COMPUTING = 8
# A request waits this long for its turn to compute.
_PATIENCE_S = 2.0
# An edit is made anew this many times when another person writes at the same moment.
_RETRIES = 5
# A snapped trace further than this from the click fits poorly.
_POOR_FIT_M = 0.02
# Depths in the place of a finding.
_DEPTH_PATTERN = re.compile(r"(-?\d+(?:\.\d+)?)(?: ?(?:-|to) ?(-?\d+(?:\.\d+)?))? m\b")


class ReviewService:
    """
    Review of the wells of a field.

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
        self.tables = {kind.layer: TableFiles(self.wells, self.log, kind) for kind in (BREAKOUTS, VUGS)}
        self.model = model
        # Each detector is stored with the image that it was made for.
        self._detectors: dict[str, tuple[WellImage, Detector | None]] = {}
        self._detecting = threading.Lock()
        self._computing = threading.BoundedSemaphore(_MAX_COMPUTING)
        self._preloader = ThreadPoolExecutor(1, "warm-up")
        self._preload_job: Future[None] | None = None

    def preload(self) -> None:
        """Open the first well that can be read, so that the first request does not wait for libraries to load."""
        for well in self.wells.names():
            try:
                self.wells.tile(well, "dynamic", 0, 0)
                return
            except InputError:
                continue

    def preload_detector(self, well: str) -> None:
        """
        Load the detector of a well in the background and run it once, so that the first click does not wait.

        One detector is loaded at a time. A well that is opened meanwhile gets its detector with its first click.
        """
        if (self._preload_job is None or self._preload_job.done()) and well not in self._detectors:
            self._preload_job = self._preloader.submit(self._preload_detector, well)

    def _preload_detector(self, well: str) -> None:
        try:
            top, base = depth_range(self.wells.image(well))
            self.snap(well, [(top + base) / 2], [0.0])
        except (InputError, KeyError, ValueError, BusyError):
            # The first click gives the person this error.
            return

    @contextmanager
    def _computing_slot(self) -> Iterator[None]:
        """
        Wait for a free slot to compute.

        Raises
        ------
        FullError
            If all slots are in use.
        """
        if not self._computing.acquire(timeout=_PATIENCE_S):
            raise BusyError("the server is busy with other requests; try again")
        try:
            yield
        finally:
            self._computing.release()

    def close(self) -> None:
        """Stop loading detectors."""
        self._preloader.shutdown(wait=False, cancel_futures=True)

    def overview(self) -> list[dict[str, Any]]:
        """List the wells with the progress of each layer; a well that cannot be read has only the key ``damage``."""
        wells: list[dict[str, Any]] = []
        for well, problem in list_wells(self.wells.field.path).items():
            try:
                summary = {} if problem else self.wells.summary(well)
            except (InputError, OSError) as error:
                problem = f"{error.observed}; {error.cure}" if isinstance(error, InputError) else "cannot be opened"
            if problem:
                wells.append({"well": well, "name": well, "damage": problem})
                continue
            with self.log.lock:
                layers = {name: self._progress(self.log.layer(well, name)) for name in self._layers(well)}
            interpreted = self.wells.field.file(well, ".picks.csv").is_file()
            wells.append({"well": well, **summary, "layers": layers, "interpreted": interpreted})
        return wells

    def _layers(self, well: str) -> list[str]:
        """Return the layers with picks: all but the tables of the field."""
        return [name for name in self.log.layers(well) if name not in self.tables]

    def check_takes_picks(self, layer: str) -> None:
        """
        Check that a layer takes picks.

        Raises
        ------
        ValueError
            If it is a table of the field.
        """
        if layer in self.tables:
            raise ValueError(f"the layer {layer} is a table of the well; picks need another layer")

    def _file_of(self, well: str, layer: str) -> Callable[[Layer], None] | None:
        """Bring the layer of a file up to date, and return what writes the file; None for a layer without a file."""
        return self.tables[layer].read(well) if layer in self.tables else None

    @staticmethod
    def _progress(layer: Layer) -> dict[str, int]:
        states = [f.get("status", "proposed") for item, f in layer.items.items() if item.startswith("p")]
        return {"picks": len(states), "reviewed": sum(state != "proposed" for state in states)}

    def describe(self, well: str) -> dict[str, Any]:
        """Return what the screen needs to draw a well: depths, tiles, hole, findings, zones with drift."""
        image = self.wells.image(well)
        top, base = depth_range(image)
        nearest, _ = resample_columns(image["azimuth"].values)
        at = np.linspace(top, base, _HOLE_STATIONS)
        hole = {name: _to_json_numbers(log_at(image, name, at)) for name in ("diameter", "deviation", "hole_azimuth")}
        file = self.wells.file(well, ".drift.csv", MAX_TABLE_BYTES)
        drift = [] if file is None else read_zones(file).query("state != 'ok'").to_dict("records")
        inner = [CONTRAST_MARGIN / (1 + 2 * CONTRAST_MARGIN), (1 + CONTRAST_MARGIN) / (1 + 2 * CONTRAST_MARGIN)]
        return {
            "well": well, "name": str(image.attrs["well"]) or well, "tool": str(image.attrs["tool"]),
            "reference": str(image.attrs["reference"]), "top": top, "base": base,
            "row": row_spacing(image) or 0.01, "columns": int(nearest.size), "rows": TILE_ROWS, "levels": LEVELS,
            "colour": "colour" in image,
            "window": {"static": inner, "dynamic": inner if "dynamic" in image else [0.0, 1.0]},
            "hole": {"depth": _to_json_numbers(at), **hole},
            "drift": drift,
            "breakouts": self._breakouts(well, str(image.attrs["reference"])),
            "findings": self._findings(well, image),
        }  # fmt: skip

    def _breakouts(self, well: str, reference: str) -> list[dict[str, Any]]:
        """Return the breakouts and induced fractures of the field's table that lie on the image, for the screen."""
        file = self.wells.file(well, ".breakouts.csv", MAX_TABLE_BYTES)
        if file is None:
            return []
        table = read_breakouts(file)
        drawn = table["azimuth_app_deg"].notna() & (table["reference"] == reference) & (table["status"] != "rejected")
        names = ("top_m", "base_m", "azimuth_app_deg", "width_deg")
        numbers = zip(*(_to_json_numbers(table.loc[drawn, name]) for name in names), strict=True)
        return [
            {"class": kind, **dict(zip(names, row, strict=True))}
            for kind, row in zip(table.loc[drawn, "class"], numbers, strict=True)
        ]

    def _findings(self, well: str, image: WellImage) -> list[dict[str, Any]]:
        """Return the findings of the ingest of a well, each with its depths."""
        file = self.wells.file(well, ".findings.json", MAX_TABLE_BYTES)
        try:
            findings = findings_from_json(file.read_text()) if file else image.attrs["findings"]
        except (OSError, ValueError):
            # The image holds its own findings; only those of the picks are missing.
            findings = image.attrs["findings"]
        rows = []
        for finding in findings:
            depths = _DEPTH_PATTERN.search(finding.place)
            top = float(depths[1]) if depths else None
            base = float(depths[2]) if depths and depths[2] else top
            rows.append({**finding.to_dict(), "top_m": top, "base_m": base})
        return rows

    def state(self, well: str, layer: str, person: str | None = None) -> dict[str, Any]:
        """Return all items of a layer, its version, and whether the person can undo or redo."""
        self.wells.image(well)
        self._file_of(well, layer)
        with self.log.lock:
            now = self.log.layer(well, layer)
            return {"version": now.version, "items": dict(now.items), **self._stacks(now, person)}

    @staticmethod
    def _stacks(layer: Layer, person: str | None) -> dict[str, bool]:
        if person is None:
            return {}
        return {"can_undo": bool(layer.done_by.get(person)), "can_redo": bool(layer.undone_by.get(person))}

    def since(self, well: str, layer: str, after: int, person: str | None = None) -> dict[str, Any]:
        """Return the items that changed after a version (None: removed) and who changed them; else as :meth:`state`."""
        self._file_of(well, layer)
        with self.log.lock:
            now, edits = self.log.layer(well, layer), self.log.edits(well, layer, after)
            # Another process may have added an edit between the two calls above.
            edits = [edit for edit in edits if edit.id <= now.version]
            touched = {i for e in edits for i in (now.edits[e.target].items if e.target is not None else e.items)}
            changed = {item: now.items.get(item) for item in touched}
            people = sorted({edit.person for edit in edits})
            return {"version": now.version, "items": changed, "people": people, **self._stacks(now, person)}

    def edit(self, well: str, layer: str, body: EditBody) -> dict[str, Any]:
        """
        Change items of a layer.

        The dips of a moved trace are computed anew, and its status is ``edited`` by the person who moved it.

        Raises
        ------
        ValueError
            If a field cannot be changed so, or the edit or the layer is too large.
        ConflictError
            If another person changed one of the items after the version on the screen, or the key belongs to another
            edit.
        """
        image, changes, person = self.wells.image(well), parse_items(body.items), body.person
        for table in self.tables.values():
            kind = table.kind
            if any(item.startswith(kind.letter) != (layer == kind.layer) for item in changes):
                raise ValueError(f"{kind.layer} are items of the layer {kind.layer}, and nothing else is")
        n_traces = sum(isinstance(fields, PickFields) and fields.moves for fields in changes.values())
        if n_traces > _MAX_TRACES:
            raise ValueError(f"an edit that draws or moves {n_traces} traces; send at most {_MAX_TRACES} at a time")
        for retry in range(_RETRIES):
            write_file = self._file_of(well, layer)
            with self.log.lock:
                now = self.log.layer(well, layer)
                version, before = now.version, {item: now.items.get(item) for item in changes}
                new = sum(item not in now.items for item in changes)
                if new and len(now.items) + new > _MAX_ITEMS:
                    raise ValueError(f"the layer has {len(now.items)} items; it can hold {_MAX_ITEMS}")
            new_fields = {item: self._fields(image, before[item], fields, person) for item, fields in changes.items()}
            try:
                # The new fields were computed from `version`: without it, they could overwrite a later change.
                edit = self.log.add(
                    well, layer, person, body.kind, new_fields,
                    viewed_version=body.client_version, version=version, key=body.key,
                    before_commit=write_file,
                )  # fmt: skip
                return self._after(well, layer, edit, person, body.client_version)
            except OutdatedError:
                if retry == _RETRIES - 1:
                    raise
        raise AssertionError

    def _fields(self, image: WellImage, before: Fields | None, change: Change | None, person: str) -> Fields | None:
        if isinstance(change, PickFields):
            return self._pick(image, before, change, person)
        if isinstance(change, BreakoutFields):
            return changed_breakout(image, before, change, person)
        if isinstance(change, VugFields):
            return changed_vug(change, person)
        return change.model_dump(by_alias=True) if change is not None else None

    def undo(
        self, well: str, layer: str, person: str, *, again: bool = False, client_version: int | None = None
    ) -> dict[str, Any]:
        """Undo the last edit of a person, or redo the last undone; ``items`` is empty if there is none."""
        self.wells.image(well)
        edit = self.log.undo(well, layer, person, again=again, before_commit=self._file_of(well, layer))
        if edit is None:
            with self.log.lock:
                stacks = self._stacks(self.log.layer(well, layer), person)
            return {"version": client_version or 0, "items": {}, "people": [], "kind": "", **stacks}
        return self._after(well, layer, edit, person, client_version)

    def _after(
        self, well: str, layer: str, edit: Edit, person: str, client_version: int | None = None
    ) -> dict[str, Any]:
        with self.log.lock:
            now = self.log.layer(well, layer)
            kind = (now.edits[edit.target] if edit.target is not None else edit).kind
            # The answer covers all changes since the version on the screen, also an edit of another person just before.
            after = edit.id - 1 if client_version is None else min(client_version, edit.id - 1)
            return {**self.since(well, layer, after, person), "kind": kind}

    def _pick(self, image: WellImage, before: Fields | None, change: PickFields, person: str) -> Fields:
        fields = change.model_dump(by_alias=True, exclude_none=True, exclude={"snapped"})
        if change.class_ is not None and "status" not in fields:
            fields["status"] = "edited"
        new = before is None and change.depth_m is not None and change.class_ is not None
        if not (new or (before is not None and change.moves)):
            # The log refuses a change of a pick that does not exist.
            return fields
        old = before or {}
        place = [{**old, **fields}.get(name) or 0.0 for name in ("depth_m", "amplitude_m", "azimuth_app_deg")]
        depth, size, azimuth = place[0], place[1], np.radians(place[2])
        row = describe_traces(image, [depth, size * np.cos(azimuth), size * np.sin(azimuth)], snapped=change.snapped)
        # Attributes that were measured along the old trace do not hold for the new one.
        blank: Fields = dict.fromkeys(
            ("sigma_depth_m", "sigma_dip_deg", "sigma_azimuth_deg", "dip_true_deg", "azimuth_true_deg", "confidence")
        )
        measured = next(iter(pick_items(row).values()))
        return {**blank, "quality": "", **measured, "class": old.get("class", "fracture"), "status": "edited",
                "source": person, **fields}  # fmt: skip

    def begin(self, well: str, layer: str, person: str, source: str, key: str | None = None) -> dict[str, Any]:
        """
        Copy picks into a layer: those of the field (``field``), or those of another layer.

        Raises
        ------
        KeyError
            If there is no such layer.
        """
        image = self.wells.image(well)
        self.check_takes_picks(layer)
        if source == "field":
            for suffix in (".picks.csv", ".intervals.csv"):
                self.wells.file(well, suffix, MAX_TABLE_BYTES)
            picks = complete(self.wells.field.picks(well), image)[0]
            intervals = self.wells.field.intervals(well)
            if len(picks):
                top, base = depth_range(image)
                named = set(intervals.loc[intervals["kind"] == "interpreted", "class"])
                whole = [("", "interpreted", name, top, base) for name in CLASSES if name not in named]
                intervals = join_intervals([intervals, new_intervals(whole)])
            picks["status"] = picks["status"].replace("", "proposed")
        elif source in self._layers(well):
            with self.log.lock:
                other = self.log.layer(well, source)
                picks, intervals = other.picks(status=_NOT_REJECTED), other.intervals()
        else:
            raise KeyError(source)

        def items(now: Layer) -> Items:
            has_intervals = any(item.startswith("i") for item in now.items)
            return {**merge_picks(now, picks), **({} if has_intervals else interval_items(intervals))}

        return self._append(well, layer, person, "join", items, key)

    def join(self, well: str, layer: str, person: str, picks: PickTable, key: str | None = None) -> dict[str, Any]:
        """Merge new proposals into a layer, once for a key; picks that were reviewed stay."""
        self.check_takes_picks(layer)
        return self._append(well, layer, person, "join", lambda now: merge_picks(now, picks), key)

    def propose_breakouts(self, well: str, breakouts: BreakoutTable) -> None:
        """Write the breakouts that a picker found, unless the well has or had a table of breakouts."""
        self.tables[BREAKOUTS.layer].propose(well, breakouts)

    def _append(
        self, well: str, layer: str, person: str, kind: str, items: Callable[[Layer], Items], key: str | None = None
    ) -> dict[str, Any]:
        """
        Add an edit that is computed from the current layer; once for a key.

        If a person decides on a pick while the edit is computed, the edit is computed again, so that the pick stays.
        """
        for retry in range(_RETRIES):
            if key is not None and (edit := self.log.find(key, well, layer)) is not None:
                return self._after(well, layer, edit, person)
            with self.log.lock:
                now = self.log.layer(well, layer)
                version, changes = now.version, items(now)
                if len(now.items) + len(changes) > 2 * _MAX_ITEMS:
                    raise ValueError(f"a layer of {len(now.items) + len(changes)} items; it can hold {_MAX_ITEMS}")
            try:
                edit = self.log.add(well, layer, person, kind, changes, version=version, key=key)
                return self._after(well, layer, edit, person)
            except ConflictError:
                # The layer has changed, or this key has just been used: try again.
                if retry == _RETRIES - 1:
                    raise
        raise AssertionError

    def snap(self, well: str, depth: list[float], angle: list[float], layer: str | None = None) -> dict[str, Any]:
        """
        Find the trace that one point most likely means, or that goes through three points.

        For one point, traces that the layer has already are left out.

        Returns
        -------
        dict
            The trace, its class if the detector gives one, its distance from the click (``distance_m``), its
            ``quality``, and whether it fits poorly (``poor``): far from the click, or of quality C or D.

        Raises
        ------
        ValueError
            If there are neither one nor three points, or the three lie above each other.
        """
        image = self.wells.image(well)
        name = ""
        if len(depth) == 1:
            with self.log.lock:
                existing = self.log.layer(well, layer).picks("", _NOT_REJECTED) if layer else new_picks()
            with self._computing_slot(), self._detecting:
                trace, name = snap(image, depth[0], angle[0], self._detector(well, image), traces(existing))
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
            "poor": len(depth) == 1 and (quality not in ("A", "B") or distance > _POOR_FIT_M),
        }  # fmt: skip

    def _detector(self, well: str, image: WellImage) -> Detector | None:
        if well not in self._detectors or self._detectors[well][0] is not image:
            try:
                self._detectors[well] = (image, detector_of(image, self.model))
            except InputError:
                # An image without contrast has no detector; snapping then uses the pixels.
                self._detectors[well] = (image, None)
            for old in list(self._detectors)[:-_MAX_DETECTORS]:
                del self._detectors[old]
        return self._detectors[well][1]

    def compare(self, well: str, a: str, b: str) -> dict[str, Any]:
        """Compare two layers: their agreement, and the picks that only one of them has."""
        image = self.wells.image(well)
        name = str(image.attrs["well"]) or well
        with self._computing_slot():
            return self._compare(a, b, self._picks_not_rejected(well, a, name), self._picks_not_rejected(well, b, name))

    def _compare(self, a: str, b: str, mine: PickTable, theirs: PickTable) -> dict[str, Any]:
        pairs = matching_rows(mine, theirs)
        result: dict[str, Any] = {
            "a": a, "b": b, "both": [[mine["id"].iloc[i], theirs["id"].iloc[j]] for i, j in pairs],
            "only_a": mine["id"].drop(mine.index[[i for i, _ in pairs]]).tolist(),
            "only_b": theirs["id"].drop(theirs.index[[j for _, j in pairs]]).tolist(),
        }  # fmt: skip
        if len(mine) + len(theirs) > _MAX_SCORED_PICKS:
            result["note"] = f"no scores for more than {_MAX_SCORED_PICKS} picks; geobfdt agree computes them"
        elif len(mine) and len(theirs):
            agreement = agree(mine.drop(columns=["id", "note"]), theirs.drop(columns=["id", "note"]))
            table = agreement.table()
            rows = table[(table["kind"] == "trace") & (table["tolerance_m"].round(3) == AGREEMENT_M)]
            result["scores"] = [
                {"class": r["class"], "f1": _to_json_number(r["f1"]), "blind": _to_json_number(r.get("null_f1"))}
                for r in rows.to_dict("records")
            ]
            result["kappa"] = _to_json_number(agreement.kappa)
        return result

    def _picks_not_rejected(self, well: str, layer: str, name: str = "") -> PickTable:
        """Return the pick table of a layer without its rejected picks."""
        with self.log.lock:
            return self.log.layer(well, layer).picks(name, _NOT_REJECTED)

    def consensus(self, well: str, a: str, b: str, person: str) -> dict[str, Any]:
        """
        Fill the layer ``consensus``: planes of both layers, accepted if both have decided; the rest is proposed.

        A second call replaces the items of the first that nobody has decided on since.

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
        first, second = self._picks_not_rejected(well, a), self._picks_not_rejected(well, b)
        pairs = matching_rows(first, second)
        with self._computing_slot():
            parts = [common_planes(first, second, pairs, image, (a, b))] if pairs else []
        for own, table, others in ((a, first, {i for i, _ in pairs}), (b, second, {j for _, j in pairs})):
            alone = table.drop(index=table.index[sorted(others)]).assign(status="proposed", source=own)
            parts.append(alone.drop(columns="id"))
        filled = [part for part in parts if len(part)]
        picks = join_picks(filled) if filled else new_picks(note="")
        with self.log.lock:
            intervals = common_intervals(*(self.log.layer(well, layer).intervals() for layer in (a, b)))

        def items(now: Layer) -> Items:
            own = {item for item in now.items if now.made_by(item, CONSENSUS)}
            existing = {tuple(f[k] for k in ("kind", "class", "top_m", "base_m")) for i, f in now.items.items()
                     if i.startswith("i") and i not in own}  # fmt: skip
            new = {i: f for i, f in interval_items(intervals).items() if tuple(f.values()) not in existing}
            return {**dict.fromkeys(own), **merge_picks(now, picks, own), **new}

        return self._append(well, CONSENSUS, person, CONSENSUS, items)

    def review_pace(self, well: str, layer: str, person: str) -> dict[str, float]:
        """Return minutes of work of a person on a layer, without long breaks, and metres and picks reviewed."""
        mine = [edit for edit in self.log.edits(well, layer) if edit.person == person]
        steps = np.diff([edit.at for edit in mine])
        decided = {item for edit in mine if edit.kind not in _BULK_KINDS for item in edit.items if item[0] == "p"}
        with self.log.lock:
            items = self.log.layer(well, layer).items
            depths = [items[item]["depth_m"] for item in decided if item in items]
        return {
            # A clock that was put back gives a negative step.
            "minutes": float(steps[(steps > 0) & (steps < _BREAK_S)].sum() / 60),
            "metres": float(np.ptp(depths)) if depths else 0.0,
            "picks": float(len(decided)),
        }


def _to_json_numbers(values: Any) -> list[float | None]:
    return [round(float(v), 5) if np.isfinite(v) else None for v in values]


def _to_json_number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
