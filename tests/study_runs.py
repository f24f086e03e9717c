"""Studies whose cells are run in the test's own process."""

from __future__ import annotations

from pathlib import Path

from geobfdt.runtime.engine import Engine
from geobfdt.studies.cell import run_cell
from geobfdt.studies.page import write_pages
from geobfdt.studies.plan import lay_out, make_plan
from geobfdt.studies.study import run_study
from geobfdt.studies.study_settings import StudySettings


def run_in_process(study: StudySettings, field: Path, out: Path) -> None:
    """Run a study as the command does, but for a process of its own for each cell."""
    for cell in lay_out(make_plan(study, field), field, out):
        run_cell(cell)
    plan, sections = run_study(study, field, out, Engine(workers=1), lambda *_: None)
    write_pages(plan, sections, out, field)
