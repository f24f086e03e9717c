"""Pick image files and leave tables, findings and pictures in a folder: what ``geobfdt pick`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from geobfdt.assembly.pad_dips import Search
from geobfdt.model.runtime_names import RuntimeName
from geobfdt.picking.apertures import aperture_curves, aperture_tool, measure_apertures, write_aperture_curves
from geobfdt.picking.breakouts.lobe_picks import downgrade_picks_on_breakouts
from geobfdt.picking.detector import Detector
from geobfdt.picking.drift import drift_findings, judge_zones, state_at, write_zones, zone_table
from geobfdt.picking.picker import PickedWell, detector_of, pick_well
from geobfdt.runtime.engine import Engine, run_jobs
from geobfdt.runtime.findings import Finding, InputError, Severity, findings_from_json, findings_to_json
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import atomic_files, write_text
from geobfdt.wells.breakouts import BreakoutTable, read_breakouts, write_breakouts
from geobfdt.wells.field import Field, file_stem
from geobfdt.wells.image import WellImage, add_findings, place_of
from geobfdt.wells.intervals import read_intervals
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable, read_picks, write_picks
from geobfdt.workflows.assemble import read_or_assemble
from geobfdt.workflows.dipmeter import correlate
from geobfdt.workflows.earlier_tables import replaces_table

__all__ = [
    "Delivery",
    "ImagePicks",
    "PickOptions",
    "PickOutcome",
    "image_files",
    "pick_file",
    "pick_files",
    "pick_image",
]


# Curves of apertures have this step.
_CURVE_STEP_M = 0.1


# Window and step of the correlation (m) and its steepest apparent dip (deg): those that dipmeters are computed with.
_WINDOW = (1.2, 0.6, 60.0)
# Options that mean nothing to a method, by method.
_UNUSED = {
    "network": ("geometry", "window"),
    "hough": ("model", "runtime", "geometry", "window"),
    "correlation": ("model", "runtime", "min_confidence", "tall", "mud_resistivity", "pages", "explain"),
}


class PickOptions(BaseModel):
    """
    Settings of ``geobfdt pick``, for the command line, the library, worker processes and the service alike.

    Examples
    --------
    >>> PickOptions(method="hough", picture=False).model
    'default'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the image files do not say")
    model: str = Described("default", description="folder of a model bundle, default, or REGISTRY@NAME")
    method: Literal["network", "hough", "correlation"] = Described(
        "network", description="a network, the classical picker, or the correlation of pads and dipmeter arms"
    )
    geometry: Path | None = Described(None, description="YAML file of the geometry of a dipmeter")
    window: tuple[float, float, float] = Described(
        _WINDOW, description="window and step of the correlation (m), steepest apparent dip (deg)"
    )
    runtime: RuntimeName = Described("auto", description="what computes the network")
    min_confidence: float | None = Described(None, ge=0, le=1, description="picks that are less sure are left out")
    tall: bool | None = Described(
        None,
        description="whether planes with traces metres tall are looked for, too; default: where the hole is inclined "
        "by 60 degrees or more, or its direction is not known",
    )
    picture: bool = Described(True, description="whether pictures are drawn")
    mud_resistivity: float | None = Described(
        None, gt=0, description="resistivity of the mud at the temperature of the rock (ohm m): fractures get apertures"
    )
    aperture_tool: Path | None = Described(None, description="coefficients of apertures (docs/apertures.md)")
    pages: bool | None = Described(
        None, description="whether numbered pages are drawn beside the overview; default: of wells up to 150 m"
    )
    explain: tuple[int, ...] = Described((), description="rows of the pick table, from 1, that are drawn by themselves")

    @model_validator(mode="after")
    def _coefficients_need_a_mud(self) -> PickOptions:
        if self.aperture_tool is not None and self.mud_resistivity is None:
            observed = "coefficients of apertures need the resistivity of the mud"
            raise InputError("--aperture-tool", observed, "give --mud-resistivity")
        return self

    @model_validator(mode="after")
    def _options_are_those_of_the_method(self) -> PickOptions:
        for name in _UNUSED[self.method]:
            if getattr(self, name) != type(self).model_fields[name].default:
                option, method = f"--{name.replace('_', '-')}", f"--method {self.method}"
                raise InputError(option, f"means nothing to {method}", "leave one out")
        return self

    @model_validator(mode="after")
    def _windows_are_windows(self) -> PickOptions:
        window, step, dip = self.window
        if not (0.1 <= window <= 20 and 0.05 <= step <= 20 and 5 <= dip <= 85):
            observed = f"{window:g}:{step:g}:{dip:g} is no window"
            raise InputError("--window", observed, "give 0.1 to 20 m, a step of 0.05 to 20 m and a dip of 5 to 85 deg")
        return self


DEFAULTS = PickOptions()


class PickOutcome(NamedTuple):
    """
    What picking one file led to.

    Parameters
    ----------
    file : Path
        The image file.
    delivery : Delivery or None
        Its files and numbers; None if it failed.
    problem : str or None
        Why it failed, in a line; None if it did not.
    """

    file: Path
    delivery: Delivery | None
    problem: str | None


@dataclass(frozen=True)
class Delivery:
    """
    The files and numbers of one well.

    Parameters
    ----------
    well : str
        Its name.
    length_m : float
        Measured metres; see :class:`geobfdt.quality.measured.MeasuredDepths`.
    counts : dict
        Picks by class.
    files : tuple of Path
        Table, findings and pictures.
    findings : tuple of Finding
        Repairs, and reasons to be careful.
    replaced : tuple of Path
        Those of the files that replace an earlier run's.
    """

    well: str
    length_m: float
    counts: dict[str, int]
    files: tuple[Path, ...]
    findings: tuple[Finding, ...]
    replaced: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as JSON holds it."""
        paths = {name: [str(file) for file in getattr(self, name)] for name in ("files", "replaced")}
        return {**asdict(self), **paths, "findings": [finding.to_dict() for finding in self.findings]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Delivery:
        """Read back the output of :meth:`to_dict`."""
        files, replaced = (tuple(Path(file) for file in values[name]) for name in ("files", "replaced"))
        findings = tuple(findings_from_json(json.dumps(values["findings"])))
        return cls(**{**values, "files": files, "replaced": replaced, "findings": findings})


def _breakout_findings(image: WellImage, breakouts: BreakoutTable) -> list[Finding]:
    """Report where breakouts and induced fractures are, if there are any."""
    findings = []
    for name, kind, words in (
        ("breakout", "breakouts", "lobes of breakouts"),
        ("induced", "induced", "sides of induced fractures"),
    ):
        some = breakouts[breakouts["class"] == name]
        if len(some):
            observed = f"{len(some)} {words} from {some['top_m'].min():.1f} to {some['base_m'].max():.1f} m"
            findings.append(Finding(Severity.INFO, kind, place_of(image), observed, "kept in the table of breakouts"))
    return findings


class ImagePicks(NamedTuple):
    """
    What picking an image gives, before anything is written.

    Parameters
    ----------
    picks : PickTable
        The table that ``geobfdt pick`` writes.
    breakouts : BreakoutTable
        Breakouts, possibly none.
    zones : DataFrame or None
        Drift by zone; None for a detector without a reference.
    picked : PickedWell
        Image, findings and measured depths of the picker itself.
    cautions : list of Finding
        Reasons to be careful with the picks.
    """

    picks: PickTable
    breakouts: BreakoutTable
    zones: pd.DataFrame | None
    picked: PickedWell
    cautions: list[Finding]


def pick_image(
    image: WellImage,
    detector: Detector,
    min_confidence: float | None = None,
    progress: Progress = no_progress,
    tall: bool | None = None,
) -> ImagePicks:
    """
    Pick an image as ``geobfdt pick`` does: planes, breakouts, and the drift of each zone.

    Parameters
    ----------
    image : WellImage
        The well.
    detector : Detector
        What picks it.
    min_confidence : float, optional
        Least confidence of a pick. Default: the detector's own.
    progress : callable
        Called with the share done, 0 to 1.
    tall : bool, optional
        As in :func:`geobfdt.picking.picker.pick_with_findings`.

    Returns
    -------
    ImagePicks
        Tables and findings.
    """
    picked = pick_well(image, detector, min_confidence=min_confidence, check=True, tall=tall, progress=progress)
    breakouts = picked.breakouts
    picks, lobe_findings = downgrade_picks_on_breakouts(picked.picks, breakouts, picked.image)
    cautions = [*picked.findings, *_breakout_findings(picked.image, breakouts), *lobe_findings]
    zones = None
    if detector.drift_reference is not None:
        zones = judge_zones(zone_table(picked.zones, picked.judged), detector.drift_reference)
        picks = picks.assign(drift=state_at(zones, picks["depth_m"]))
        cautions += drift_findings(zones)
    return ImagePicks(picks, breakouts, zones, picked, cautions)


def image_files(inputs: Sequence[Path]) -> list[Path]:
    """
    Return the files to pick, each once: a folder stands for the wells of a field, anything else for itself.

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


def pick_file(
    source: Path,
    out: Path,
    options: PickOptions = DEFAULTS,
    *,
    earlier: Mapping[str, Path] | None = None,
    progress: Progress = no_progress,
) -> Delivery:
    """
    Pick a well and leave its tables, findings, drift and pictures in a folder, all together or none.

    Parameters
    ----------
    source : Path
        Any readable image file.
    out : Path
        The folder; made if missing.
    options : PickOptions
        How. A row to explain that is not there is a finding.
    earlier : mapping of str to Path, optional
        Image files that the same request has picked already, by the names of their output files, which are not
        written over.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    Delivery
        The files and numbers of the well.

    Raises
    ------
    InputError
        If the file cannot be read, the folder not written, the same request has picked the well already, or a file in
        its place holds somebody's decisions or is no pick table.
    """
    if options.method == "correlation":
        return _correlate_file(source, out, options, earlier, progress)
    image = read_or_assemble(source, options.reading, progress=part_of(progress, 0.0, 0.1))
    stem = _new_stem(image, source, earlier)
    replaces = replaces_table(out / f"{stem}.picks.csv", read_picks, "picks")
    replaces_breakouts = replaces_table(out / f"{stem}.breakouts.csv", read_breakouts, "breakouts", "breakouts")
    with atomic_files(out):
        pass  # A folder that cannot be written is an error now, not after the picking.
    progress(0.1)
    detector = detector_of(image, options.model, options.method, options.runtime)
    picks, breakouts, zones, picked, cautions = pick_image(
        image, detector, options.min_confidence, part_of(progress, 0.1, 0.8), options.tall
    )
    image, curves = picked.image, None
    if options.mud_resistivity is not None:
        tool = aperture_tool(image, options.aperture_tool)
        picks, aperture_findings = measure_apertures(image, picks, options.mud_resistivity, tool)
        cautions += aperture_findings
        ends = image["depth"].values[[0, -1]]
        at = np.arange(np.ceil(ends[0] / _CURVE_STEP_M), ends[1] / _CURVE_STEP_M + 1e-6) * _CURVE_STEP_M
        curves = aperture_curves(picks, at)
    rows = [row for row in options.explain if 1 <= row <= len(picks)]
    for row in options.explain:
        if row not in rows:
            observed = f"pick {row} cannot be explained: there are {len(picks)}"
            cautions.append(Finding(Severity.MAJOR, "no-such-pick", source.name, observed, "name one that is there"))
    findings = [*image.attrs["findings"], *cautions]
    beside = source.with_suffix(".intervals.csv")
    intervals = read_intervals(beside) if beside.exists() else None
    with atomic_files(out) as part:
        write_picks(picks, part / f"{stem}.picks.csv")
        write_text(part / f"{stem}.findings.json", findings_to_json(findings))
        # An empty table takes the place of that of an earlier run.
        if len(breakouts) or replaces_breakouts:
            write_breakouts(breakouts, part / f"{stem}.breakouts.csv")
        if zones is not None:
            write_zones(zones, part / f"{stem}.drift.csv")
        if curves is not None:
            write_aperture_curves(curves, part / f"{stem}.apertures.csv")
        if options.picture:
            # Loaded here, as below: Matplotlib takes half a second, and a run without a picture does without.
            from geobfdt.reports.page import write_pictures
            from geobfdt.reports.well_curves import WellCurves

            write_pictures(
                add_findings(image, cautions),
                picks,
                part / f"{stem}.png",
                intervals=intervals,
                pages=options.pages,
                breakouts=breakouts,
                curves=WellCurves(apertures=curves),
                measured=picked.measured,
                progress=part_of(progress, 0.8, 1.0),
            )
        if rows:
            _draw_explanations(image, picks, rows, detector, part, stem)
        files = tuple(out / file.name for file in sorted(part.iterdir()))
        replaced = tuple(file for file in files if file.exists()) if replaces else ()
    counts = {str(name): int(count) for name, count in picks["class"].value_counts().sort_index().items()}
    return Delivery(image.attrs["well"] or stem, picked.measured.metres, counts, files, tuple(findings), replaced)


def _new_stem(image: WellImage, source: Path, earlier: Mapping[str, Path] | None) -> str:
    """Name of the files of a well, which the same request has not picked already."""
    stem = file_stem(image.attrs["well"] or source.stem)
    if earlier and stem in earlier:
        observed = f"holds the well of {earlier[stem]}, whose picks would be written over"
        raise InputError(source, observed, "give each file its --well, or its own --out")
    return stem


def _correlate_file(
    source: Path, out: Path, options: PickOptions, earlier: Mapping[str, Path] | None, progress: Progress
) -> Delivery:
    """Leave the dips of a dipmeter or of pads in a folder: table and findings, for there is no image to draw."""
    dips = correlate(source, options.reading, options.geometry, Search(*options.window), progress=progress)
    stem = _new_stem(dips.hole, source, earlier)
    replaces = replaces_table(out / f"{stem}.picks.csv", read_picks, "picks")
    with atomic_files(out) as part:
        write_picks(dips.picks, part / f"{stem}.picks.csv")
        write_text(part / f"{stem}.findings.json", findings_to_json(dips.findings))
        files = tuple(out / file.name for file in sorted(part.iterdir()))
        replaced = tuple(file for file in files if file.exists()) if replaces else ()
    counts = {"bedding": len(dips.picks)} if len(dips.picks) else {}
    well = dips.hole.attrs["well"] or stem
    return Delivery(well, dips.length_m, counts, files, tuple(dips.findings), replaced)


def _draw_explanations(
    image: WellImage, picks: PickTable, rows: Sequence[int], detector: Detector, folder: Path, stem: str
) -> None:
    """Draw why picks were made, by their rows in the table from 1."""
    from geobfdt.picking.explanation import explain
    from geobfdt.reports.explanation_figure import draw_explanation
    from geobfdt.reports.tracks import reference_name

    for row in rows:
        one = picks.iloc[[row - 1]]
        why = explain(image, one, detector)
        draw_explanation(why, one, row, reference_name(image), folder / f"{stem}.pick-{row}.png")


def pick_files(
    inputs: Sequence[Path],
    out: Path,
    options: PickOptions = DEFAULTS,
    *,
    engine: Engine | None = None,
    progress: Progress = no_progress,
) -> Iterator[PickOutcome]:
    """
    Pick image files, wells of a field or whole fields; one that fails does not stop the others.

    Parameters
    ----------
    inputs : sequence of Path
        Image files, or folders of fields.
    out : Path
        Folder of tables, findings and pictures; made if missing.
    options : PickOptions
        How.
    engine : Engine, optional
        Worker processes, or a Ray cluster. Default: one file after the other in this process.
    progress : callable
        Called with the share done, 0 to 1, and what is going on.

    Yields
    ------
    PickOutcome
        For each file, as it ends.

    Raises
    ------
    InputError
        If a folder holds no well.

    Examples
    --------
    >>> import geobfdt
    >>> for outcome in geobfdt.pick_files([Path("field")], Path("picks")):  # doctest: +SKIP
    ...     print(outcome.file, outcome.problem or outcome.delivery.counts)
    """
    files = image_files(inputs)
    return (
        _in_turn(files, out, options, progress)
        if engine is None
        else _by_workers(files, out, options, engine, progress)
    )


def _in_turn(files: Sequence[Path], out: Path, options: PickOptions, progress: Progress) -> Iterator[PickOutcome]:
    picked: dict[str, Path] = {}
    for number, file in enumerate(files):
        part = part_of(progress, number / len(files), (number + 1) / len(files), f"picking {file.name}")
        try:
            delivery = pick_file(file, out, options, earlier=picked, progress=part)
        except InputError as error:
            yield PickOutcome(file, None, str(error))
            continue
        picked[file_stem(delivery.well)] = file
        yield PickOutcome(file, delivery, None)


def _by_workers(
    files: Sequence[Path], out: Path, options: PickOptions, engine: Engine, progress: Progress
) -> Iterator[PickOutcome]:
    """Pick each file in a process of its own, the largest first, so that no long well is left alone at the end."""
    files = sorted(files, key=lambda file: file.stat().st_size if file.exists() else 0, reverse=True)
    words = ["-m", "geobfdt.workflows.pick_worker", str(out.absolute()), _elsewhere(options).model_dump_json()]
    picked: dict[str, Path] = {}
    results = run_jobs([[*words, str(file.absolute())] for file in files], engine)
    for number, (job, output, problem) in enumerate(results, start=1):
        progress(number / len(files), f"{number} of {len(files)} wells")
        if problem:
            yield PickOutcome(files[job], None, problem)
            continue
        delivery = Delivery.from_dict(json.loads(output))
        other = picked.setdefault(file_stem(delivery.well), files[job])
        if other != files[job]:
            # A worker processes one file, so another worker with the same well name has overwritten its output.
            problem = f"{files[job]}: wrote over the picks of {other}, the same well; give each its own --out"
            yield PickOutcome(files[job], None, problem)
            continue
        yield PickOutcome(files[job], delivery, None)


def _elsewhere(options: PickOptions) -> PickOptions:
    """Return the same options for a process that may have another working folder."""
    model, survey, tool = options.model, options.reading.survey, options.aperture_tool
    reading = options.reading.model_copy(update={"survey": survey.absolute() if survey is not None else None})
    model = model if model == "default" else str(Path(model).absolute())
    tool = tool.absolute() if tool is not None else None
    geometry = options.geometry.absolute() if options.geometry is not None else None
    update = {"model": model, "reading": reading, "aperture_tool": tool, "geometry": geometry}
    return options.model_copy(update=update)
