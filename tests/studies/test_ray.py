"""Ray: the same cells and the same numbers as processes of this machine, and one line where there is no cluster."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geobfdt.runtime.engine import Engine
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.studies.cell import RESULT
from geobfdt.studies.cell_runs import run_cells
from geobfdt.studies.plan import lay_out, make_plan
from geobfdt.studies.study_settings import StudySettings

# Not imported here: what it finds in the environment then is what it goes by.
if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is not installed", allow_module_level=True)

pytestmark = pytest.mark.ray

COSTS = ("core_seconds", "peak_mib")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of one node with two cores, which asks for its user's token; its address."""
    ray = Path(sys.executable).with_name("ray")
    port = 20000 + os.getpid() % 12000  # between the ports that Ray deals out and those that systems do
    home = tmp_path_factory.mktemp("home")
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("0123456789abcdef" * 4)
    # One cluster at a time, whichever of the tests' processes starts it (tests/cli/test_many_wells.py has another).
    alone = folder_lock(tmp_path_factory.getbasetemp().parent / "ray", wait=True)
    with alone, pytest.MonkeyPatch.context() as patch, (home / "log").open("w+") as log:
        patch.setenv("HOME", str(home))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.delenv("RAY_AUTH_MODE", raising=False)
        words = [ray, "start", "--head", "--num-cpus", "2", "--port", str(port), "--include-dashboard", "false"]
        node = subprocess.Popen([*words, "--block"], stdout=log, stderr=log, start_new_session=True)
        try:
            end = time.monotonic() + 120
            while not answers(port):
                assert time.monotonic() < end
                assert node.poll() is None, (log.seek(0), log.read())
                time.sleep(0.2)
            yield f"127.0.0.1:{port}"
        finally:
            node.terminate()
            node.wait(60)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def settings(tiny: dict[str, Any]) -> StudySettings:
    """Two rates and one fold: two cells."""
    axes = {"rate": {"low": {"training.rate": 1e-4}, "high": {"training.rate": 1e-2}}}
    return StudySettings(name="rates", question="?", axes=axes, base=tiny, folds=1, seeds=1)


def results(folders: list[Path]) -> list[dict[str, Any]]:
    """What each found, but for what it cost."""
    read = [json.loads((folder / RESULT).read_text()) for folder in folders]
    return [{name: value for name, value in one.items() if name not in COSTS} for one in read]


def test_same_cells_same_numbers(settings: StudySettings, field: Path, cluster: str, tmp_path: Path) -> None:
    """By a cluster that is there and by processes: equal to the bit; a damaged cell fails alone."""
    plan = make_plan(settings, field)
    here, there = (lay_out(plan, field, tmp_path / name) for name in ("here", "there"))
    assert [folder.name for folder in here] == [folder.name for folder in there]
    assert run_cells(here, Engine(workers=2), lambda *_: None) == []
    good = (there[0] / "cell.json").read_text()
    (there[0] / "cell.json").write_text(good[:40])
    progress: list[tuple[int, int]] = []
    by_ray = Engine(ray=True, address=cluster)
    assert run_cells(there, by_ray, lambda finished, every: progress.append((finished, every))) == [there[0]]
    assert (there[0] / "failed.txt").read_text().strip()
    assert progress == [(n, 2) for n in range(3)]
    (there[0] / "cell.json").write_text(good)
    assert run_cells(there, by_ray, lambda *_: None) == []
    assert results(there) == results(here)
    # Without an address it starts its own, whatever runs beside it. In this test, so that no two clusters of the tests
    # start at once on different workers.
    alone = lay_out(plan, field, tmp_path / "alone")[:1]
    assert run_cells(alone, Engine(ray=True, workers=1), lambda *_: None) == []
    assert results(alone) == results(here[:1])


def test_no_cluster_is_one_line(settings: StudySettings, field: Path, tmp_path: Path) -> None:
    """An address where nobody answers."""
    folders = lay_out(make_plan(settings, field), field, tmp_path)
    with pytest.raises(InputError, match="no Ray cluster answers") as progress:
        run_cells(folders, Engine(ray=True, address="127.0.0.1:9"), lambda *_: None)
    assert "\n" not in str(progress.value)
