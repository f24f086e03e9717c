"""A study from end to end: settings, plan, runs and results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from geobfdt.runtime.engine import Engine
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.runtime.settings_files import parse_yaml, validation_message
from geobfdt.runtime.storage import write_text
from geobfdt.studies.archive import archive_results, restore_results
from geobfdt.studies.cell_runs import run_cells
from geobfdt.studies.plan import Plan, lay_out, make_plan
from geobfdt.studies.results import CELLS, Section, cells_table, sections
from geobfdt.studies.study_presets import preset
from geobfdt.studies.study_settings import StudySettings, read_study
from geobfdt.training.train import Preset

__all__ = ["run_study", "study_of"]


LOCAL = Engine()


def study_of(
    what: str,
    network: Preset = "curve",
    folds: int | None = None,
    seeds: int | None = None,
    change: Sequence[str] = (),
) -> StudySettings:
    """
    Find a study by its name or file, and change it.

    Parameters
    ----------
    what : str
        A preset, or a YAML file.
    network : {"curve", "detr", "detr-small"}
        What a preset is about.
    folds, seeds : int, optional
        Other than the study's own.
    change : sequence of str
        Settings that all cells share, ``training.steps=400``; those of an axis win.

    Raises
    ------
    InputError
        If there is no such study, axis or setting.

    Examples
    --------
    >>> study_of("backbone", seeds=5, change=["training.steps=50"]).base["training.steps"]
    50
    """
    if Path(what).suffix in (".yaml", ".yml"):
        study = read_study(Path(what))
    else:
        try:
            study = preset(what, network)
        except ValueError as error:
            raise InputError(what, str(error), "geobfdt study --help lists them") from error
    values: dict[str, Any] = {} if folds is None else {"folds": folds}
    values |= {} if seeds is None else {"seeds": seeds}
    base = dict(study.base)
    for text in change:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(text, "not a setting", "write it as training.steps=400")
        try:
            base[name] = parse_yaml(value)
        except ValueError as error:
            raise InputError(text, str(error), "write it as training.steps=400") from error
    try:
        return StudySettings.model_validate({**study.model_dump(), **values, "base": base})
    except ValidationError as error:
        raise InputError(what, validation_message(error), "docs/studies.md lists the settings of a study") from error


def run_study(
    study: StudySettings,
    field: Path,
    out: Path,
    engine: Engine | None = LOCAL,
    progress: Callable[[int, int], None] = lambda _finished, _cells: None,
) -> tuple[Plan, list[Section]]:
    """
    Run the cells of a study that are not finished, and read its results.

    Parameters
    ----------
    study : StudySettings
        Settings of the study.
    field : Path
        Folder of interpreted wells.
    out : Path
        Folder of the study.
    engine : Engine, optional
        What runs its cells; None runs nothing, and reads what is finished.
    progress : callable
        Called with how many cells are finished, of how many.

    Raises
    ------
    InputError
        If it cannot be planned, or another study holds the folder.
    """
    plan = make_plan(study, field)
    with folder_lock(out):

        def report(finished: int, every: int) -> None:
            # Rows are there as cells finish: a study of days can be read, and kept, meanwhile.
            with suppress(InputError):  # The page writes them, too, and reports the error.
                write_text(out / CELLS, cells_table(plan, out).to_csv(index=False))
                archive_results(folders, out)
            progress(finished, every)

        folders = lay_out(plan, field, out)
        restore_results(folders, out)
        if engine is not None:
            run_cells(folders, engine, report)
        return plan, sections(plan, out)
