"""The whole path on a simulated well: what ``geobfdt demo`` does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from geobfdt.evaluation.scope import classes_comparable
from geobfdt.evaluation.scores import Scores, evaluate
from geobfdt.io.images.files import inspect
from geobfdt.io.images.raw import Contents
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.simulation.field import SimulateOptions, simulate
from geobfdt.workflows.ingest import IngestOptions, ingest
from geobfdt.workflows.interpretation import read_interpretation
from geobfdt.workflows.pick import Delivery, pick_file

__all__ = ["DemoResult", "demo", "demo_commands"]

# One vertical well of 20 m, for which picking takes seconds.
SIMULATION = SimulateOptions(wells=1, length=20, seed=7, tool="fmi", deviation=0)
_WELL = "W01"
_FILES_FOLDER, _FIELD_FOLDER, _PICKS_FOLDER = "files", "field", "picks"


class DemoResult(NamedTuple):
    """
    What each step of the demonstration led to.

    Parameters
    ----------
    contents : Contents
        What is in the file of the simulated well.
    delivery : Delivery
        Its picks, findings and picture.
    scores : Scores
        The picks against the planes that were simulated.
    """

    contents: Contents
    delivery: Delivery
    scores: Scores


def demo(out: str | Path = "demo", *, progress: Progress = no_progress) -> DemoResult:
    """
    Simulate a well, write it as DLIS, bring it into a field, pick it, and score the picks against its known planes.

    Parameters
    ----------
    out : str or Path
        Folder of the demonstration: the simulated DLIS file in ``files``, the well with its interpretation in
        ``field``, for every other command, and its picks in ``picks``.
    progress : callable
        Called with the share done, 0 to 1, and what is going on.

    Returns
    -------
    DemoResult
        Contents of the file, picks and scores.

    Raises
    ------
    InputError
        If the folder cannot be written, or holds picks of a person.

    Examples
    --------
    >>> import geobfdt
    >>> geobfdt.demo("demo").delivery.counts  # doctest: +SKIP
    {'bedding': 39, 'fracture': 62}
    """
    files, field, picks = (Path(out) / name for name in (_FILES_FOLDER, _FIELD_FOLDER, _PICKS_FOLDER))
    simulate(files, SIMULATION, progress=part_of(progress, 0.0, 0.1, "simulating"))
    file = files / f"{_WELL}.dlis"
    contents = inspect(file)
    ingest([file], field, IngestOptions(picks=files, replace=True))
    well = field / f"{_WELL}.nc"
    delivery = pick_file(well, picks, progress=part_of(progress, 0.1, 0.9, "picking"))
    progress(0.9, "scoring")
    ours, theirs = read_interpretation(picks), read_interpretation(files, (".truth.csv",))
    apart = classes_comparable(ours.picks, theirs.picks, theirs.intervals)
    scores = evaluate(ours.picks, theirs.picks, theirs.intervals, by_class=not apart).with_findings(apart)
    progress(1.0, "done")
    return DemoResult(contents, delivery, scores)


def demo_commands(out: Path) -> list[list[str]]:
    """
    Return the commands that do what :func:`demo` does, each as its words after ``geobfdt``.

    Examples
    --------
    >>> [words[0] for words in demo_commands(Path("demo"))]
    ['simulate', 'inspect', 'ingest', 'pick', 'evaluate']
    """
    files, field, picks = (str(out / name) for name in (_FILES_FOLDER, _FIELD_FOLDER, _PICKS_FOLDER))
    file, well = str(Path(files) / f"{_WELL}.dlis"), str(Path(field) / f"{_WELL}.nc")
    values = SIMULATION.model_dump(exclude_unset=True).items()
    options = [word for name, value in values for word in (f"--{name}", f"{value:g}" if name != "tool" else value)]
    return [
        ["simulate", files, *options],
        ["inspect", file],
        # A second demonstration simulates the same well again.
        ["ingest", file, "--picks", files, "--field", field, "--replace"],
        ["pick", well, "--out", picks],
        ["evaluate", picks, files],
    ]
