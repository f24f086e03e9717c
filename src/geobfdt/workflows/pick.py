"""A well in, dips out: what ``geobfdt pick`` leaves in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from geobfdt.picking.drift import drift_findings, mark_drift, write_zones
from geobfdt.picking.explanation import explain
from geobfdt.picking.picker import detector_of, pick_well
from geobfdt.quality.image_checks import checked
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.explanation_figure import draw_explanation
from geobfdt.reports.page import write_pictures
from geobfdt.reports.tracks import reference_name
from geobfdt.runtime.findings import Finding, InputError, Severity, findings_from_json, findings_to_json
from geobfdt.runtime.storage import atomic_files, write_text
from geobfdt.wells.field import Field, file_stem
from geobfdt.wells.image import add_findings
from geobfdt.wells.intervals import read_intervals
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import read_picks, write_picks
from geobfdt.wells.readers.files import read

__all__ = ["Delivery", "deliver", "sources"]


@dataclass(frozen=True)
class Delivery:
    """
    What was delivered for a well.

    Parameters
    ----------
    well : str
        Its name.
    length_m : float
        Metres that were measured; see :class:`geobfdt.quality.measured.MeasuredDepths`.
    counts : dict
        Picks by class.
    files : tuple of Path
        Table, findings and pictures.
    findings : tuple of Finding
        What was repaired or doubted.
    replaced : tuple of Path
        Those of the files that took the place of an earlier run's.
    """

    well: str
    length_m: float
    counts: dict[str, int]
    files: tuple[Path, ...]
    findings: tuple[Finding, ...]
    replaced: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        paths = {name: [str(file) for file in getattr(self, name)] for name in ("files", "replaced")}
        return {**asdict(self), **paths, "findings": [finding.to_dict() for finding in self.findings]}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Delivery:
        """Read back what :meth:`to_dict` told."""
        files, replaced = (tuple(Path(file) for file in told[name]) for name in ("files", "replaced"))
        findings = tuple(findings_from_json(json.dumps(told["findings"])))
        return cls(**{**told, "files": files, "replaced": replaced, "findings": findings})


def _undecided(file: Path) -> bool:
    """
    Whether there is an earlier pick table that may be replaced.

    Raises
    ------
    InputError
        If it holds a person's picks or decisions, or is no pick table.
    """
    if not file.exists():
        return False
    # A picker only proposes: any other status is a person's work.
    persons = int((read_picks(file)["status"] != "proposed").sum())
    if persons:
        raise InputError(file, f"holds {persons} picks of a person", "move it, or name another --out")
    return True


def sources(inputs: Sequence[Path]) -> list[Path]:
    """
    Files to pick, each once: a folder stands for the wells of a field, anything else for itself.

    Raises
    ------
    InputError
        If a folder holds no well.
    """
    files = [
        file
        for path in inputs
        for file in ([path / f"{well}.nc" for well in Field(path).wells()] if path.is_dir() else [path])
    ]
    return list(dict.fromkeys(files))


def deliver(
    source: Path,
    out: Path,
    options: ReadingOptions | None = None,
    *,
    model: str | Path = "default",
    method: Literal["network", "hough"] = "network",
    runtime: Literal["torch", "onnx"] = "torch",
    min_confidence: float | None = None,
    picture: bool = True,
    explained: Sequence[int] = (),
    delivered: Mapping[str, Path] | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Delivery:
    """
    Pick a well and leave its table, findings, drift and pictures in a folder, all together or none.

    Parameters
    ----------
    source : Path
        Any readable image file.
    out : Path
        The folder; made if missing.
    options : ReadingOptions, optional
        What the file does not say.
    model : str or Path
        Folder of a model bundle; ``default`` is the one that is shipped.
    method : {"network", "hough"}
        The picker: with a network, or the classical one.
    runtime : {"torch", "onnx"}
        What computes the network.
    min_confidence : float, optional
        Keep picks at least this sure.
    picture : bool
        Draw the pictures.
    explained : sequence of int
        Rows of the pick table, from 1, to draw by themselves, with what speaks for them. A row that is not there is a
        finding.
    delivered : mapping of str to Path, optional
        Files that lie in the folder already from the same request, by what they are named after, and the inputs that
        they came from: they are not written over.
    progress : callable
        Told the share done, 0 to 1.

    Returns
    -------
    Delivery
        What was written.

    Raises
    ------
    InputError
        If the file cannot be read, the folder not written, the well was delivered before, or what lies in its place
        holds somebody's decisions or is no pick table.
    """
    image = checked(read(source, options))
    stem = file_stem(image.attrs["well"] or source.stem)
    if delivered and stem in delivered:
        observed = f"holds the well of {delivered[stem]}, whose picks would be written over"
        raise InputError(source, observed, "give each file its --well, or its own --out")
    earlier = _undecided(out / f"{stem}.picks.csv")
    with atomic_files(out):
        pass  # where nothing can be written is told now, not after the picking
    progress(0.1)
    detector = detector_of(image, model, method, runtime)
    picked = pick_well(
        image, detector, min_confidence=min_confidence, progress=lambda share: progress(0.1 + 0.7 * share)
    )
    picks, doubts = picked.picks, picked.findings
    zones = None
    if detector.drift_reference is not None:
        picks, zones = mark_drift(image, picks, detector.drift_reference, picked.judged)
        doubts += drift_findings(zones)
    there = [row for row in explained if 1 <= row <= len(picks)]
    for row in explained:
        if row not in there:
            observed = f"pick {row} cannot be explained: there are {len(picks)}"
            doubts.append(Finding(Severity.MAJOR, "no-such-pick", source.name, observed, "name one that is there"))
    findings = [*image.attrs["findings"], *doubts]
    beside = source.with_suffix(".intervals.csv")
    intervals = read_intervals(beside) if beside.exists() else None
    with atomic_files(out) as part:
        write_picks(picks, part / f"{stem}.picks.csv")
        write_text(part / f"{stem}.findings.json", findings_to_json(findings))
        if zones is not None:
            write_zones(zones, part / f"{stem}.drift.csv")
        if picture:
            write_pictures(
                add_findings(image, doubts),
                picks,
                part / f"{stem}.png",
                intervals=intervals,
                progress=lambda share: progress(0.8 + 0.2 * share),
            )
        for row in there:
            one = picks.iloc[[row - 1]]
            why = explain(image, one, detector)
            draw_explanation(why, one, row, reference_name(image), part / f"{stem}.pick-{row}.png")
        files = tuple(out / file.name for file in sorted(part.iterdir()))
        replaced = tuple(file for file in files if file.exists()) if earlier else ()
    counts = {str(name): int(count) for name, count in picks["class"].value_counts().sort_index().items()}
    metres = MeasuredDepths.of(image).metres
    return Delivery(image.attrs["well"] or stem, metres, counts, files, tuple(findings), replaced)
