"""Code blocks of README and documents: commands parse, cheap ones run, Python runs, settings files are read."""

from __future__ import annotations

import argparse
import ast
import glob
import re
import runpy
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from tests.command import run_command
from tests.conftest import Once
from tests.documents.blocks import ROOT, Block, blocks, commands, pages

from geobfdt.assembly.tool_geometry import read_geometry
from geobfdt.cli.app import app
from geobfdt.io.sidecar import read_sidecar
from geobfdt.io.tables.mapping import load_mapping
from geobfdt.operation.gate_settings import read_gate
from geobfdt.picking.apertures import aperture_tool
from geobfdt.reports.title_block import read_titles
from geobfdt.studies.search import read_search
from geobfdt.studies.study_settings import read_study
from geobfdt.wells.image import well_image
from geobfdt.wells.vocabulary import load_vocabulary
from geobfdt.workflows.osdu import read_osdu_settings

# Programs of others, whose options are not ours to check.
FOREIGN = {"cat", "cp", "curl", "docker", "jq", "mkdir", "mlflow", "sort", "source", "ssh", "uniq"}
SHELL = {"", "bash", "console", "sh"}
OTHER = {"json", "nginx", "text", "python", "yaml"}

# What reads the settings files of a page, in their order.
READERS: dict[str, list[Callable[[Path], object]]] = {
    "docs/apertures.md": [lambda file: aperture_tool(well_image([[1.0]], [1.0]), file)],
    "docs/assembly.md": [read_geometry],
    "docs/dipmeters.md": [read_geometry],
    "docs/gate.md": [read_gate],
    "docs/pick-tables.md": [load_mapping, load_vocabulary],
    "docs/plugs.md": [lambda file: read_osdu_settings(file, Path("A.json"))],
    "docs/reading.md": [read_sidecar],
    "docs/reports.md": [lambda file: read_titles(file, ["A-1"])],
    "docs/studies.md": [read_study, read_search],
}


def every(languages: set[str]) -> list[Block]:
    """Return the blocks of all documents in some languages."""
    return [block for page in pages() for block in blocks(page) if block.language in languages]


def test_a_block_has_a_known_language() -> None:
    """A block in another language would be checked by nobody."""
    wrong = [f"{block.place}: {block.language}" for page in pages() for block in blocks(page)
             if block.language not in SHELL | OTHER]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("block", every(SHELL), ids=lambda block: block.place)
def test_commands_parse(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verbs, options, scripts, targets and extras exist."""
    for words in commands(block.text):
        check(words, monkeypatch)


def check(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a command that the program would refuse."""
    program, *rest = words
    if program == "geobfdt":
        parse_verb(rest)
    elif program == "python":
        parse_script(rest, monkeypatch)
    elif program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(targets), words
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert set(re.findall(r"\[(\w+)\]", " ".join(rest))) <= set(extras), words
    else:
        assert program in FOREIGN, words


def parse_verb(words: list[str]) -> None:
    """Parse the words of ``geobfdt`` down to the verb that takes them, and run nothing."""
    command: Any = typer.main.get_command(app)
    context = None
    while hasattr(command, "commands") and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    assert not hasattr(command, "commands") or words == ["--version"], f"no verb {words[0]}"
    if words != ["--version"]:
        context = command.make_context("geobfdt", list(words), parent=context)
        assert context.params is not None


class Parsed(Exception):
    """The options of a script have been parsed."""


def parse_script(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script up to where it has parsed its options."""
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self: argparse.ArgumentParser, *more: Any, **named: Any) -> None:
        parse(self, *more, **named)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    # A folder of tests has the name of a script that other scripts import.
    monkeypatch.delitem(sys.modules, "review", raising=False)
    if words[:2] == ["-m", "pytest"]:
        assert all((ROOT / word).exists() for word in words[2:] if not word.startswith("-")), words
        return
    module = words[0] == "-m"
    name, arguments = (words[1], words[2:]) if module else (words[0], words[1:])
    if not module and not arguments:
        assert (ROOT / name).exists(), words
        return
    monkeypatch.setattr(sys, "argv", [name, *(word for word in arguments if word != "...")])
    with pytest.raises(Parsed):
        runpy.run_module(name, run_name="__main__") if module else runpy.run_path(str(ROOT / name), run_name="__main__")


@pytest.mark.parametrize("page", READERS)
def test_settings_files_are_read(page: str, tmp_path: Path) -> None:
    """Each YAML block of a page is read by what reads such files."""
    texts = [block.text for block in blocks(ROOT / page) if block.language == "yaml"]
    for number, (text, reader) in enumerate(zip(texts, READERS[page], strict=True)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        assert reader(file) is not None


def test_settings_files_have_a_reader() -> None:
    """No page shows a settings file that no test reads."""
    assert {block.place.split(":")[0] for block in every({"yaml"})} == set(READERS)


def python_pages() -> list[Path]:
    """Return the pages with Python; tutorials are executed as notebooks."""
    return [
        page for page in pages()
        if page.parent.name != "tutorials" and any(block.language == "python" for block in blocks(page))
    ]  # fmt: skip


@pytest.fixture(scope="session")
def well(once: Once) -> Path:
    """A folder with one well of 8 m: ``well.dlis``, ``picks.csv``, ``truth.csv`` and ``intervals.csv``."""

    def make(folder: Path) -> None:
        import geobfdt

        options = geobfdt.SimulateOptions(wells=1, length=8, seed=3, tool="atv", interpreter="dense", deviation=10)
        geobfdt.simulate(folder / "sim", options)
        for name in ("dlis", "picks.csv", "truth.csv", "intervals.csv"):
            target = "well.dlis" if name == "dlis" else name
            shutil.copy(folder / "sim" / f"W01.{name}", folder / target)

    return once("document-well", make)


@contextmanager
def copied(well: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own with the well's files, as working directory."""
    for file in well.glob("*.*"):
        if file.is_file():
            shutil.copy(file, folder)
    monkeypatch.chdir(folder)
    yield folder


@pytest.mark.process
@pytest.mark.parametrize("page", python_pages(), ids=lambda page: page.name)
def test_python_runs(page: Path, well: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of a page runs from top to bottom; what is marked as not run still finds what it imports."""
    import geobfdt
    from geobfdt.wells.intervals import read_intervals
    from geobfdt.wells.picks import read_picks

    with copied(well, tmp_path, monkeypatch) as folder:
        image = geobfdt.read(folder / "well.dlis").load()
        picks, truth = read_picks(folder / "picks.csv"), read_picks(folder / "truth.csv")
        # The depths of the documents.
        shift = 1950 - float(np.floor(image["depth"][0]))
        image = image.assign_coords(depth=image["depth"] + shift)
        picks, truth = (table.assign(depth_m=table["depth_m"] + shift, confidence=0.8) for table in (picks, truth))
        intervals = read_intervals(folder / "intervals.csv")
        intervals = intervals.assign(top_m=intervals["top_m"] + shift, base_m=intervals["base_m"] + shift)
        scores = geobfdt.evaluate(picks, truth)
        prelude = {
            "geobfdt": geobfdt, "image": image, "picks": picks, "truth": truth, "intervals": intervals,
            "scores_of_first": scores, "scores_of_second": scores,
        }  # fmt: skip
        names: dict[str, Any] = {}
        for block in blocks(page):
            if block.language == "python":
                names |= prelude
                tree = ast.parse(block.text)
                if not block.runs:
                    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
                exec(compile(tree, block.place, "exec"), names)


# Pages whose commands take seconds on one short well.
CHEAP = ["README.md", "docs/pick-tables.md", "docs/reading.md", "docs/reports.md", "docs/scoring.md"]
# The demonstration has a test of its own; servers wait for a person.
NOT_RUN = {"demo", "open", "serve"}


@pytest.mark.process
@pytest.mark.parametrize("page", CHEAP)
def test_commands_run(page: str, well: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of a page run in their order, on files of the names that the page has."""
    with copied(well, tmp_path, monkeypatch) as folder:
        prepare(page, folder)
        run = 0
        for block in blocks(ROOT / page):
            for words in commands(block.text) if block.language in SHELL else ():
                if words[0] != "geobfdt" or words[1] in NOT_RUN or "anna" in words:
                    continue
                line = [name for word in words[1:] for name in (sorted(glob.glob(word)) if "*" in word else [word])]  # noqa: PTH207
                result = run_command(*line, cwd=folder)
                assert result.returncode == 0, f"{block.place}: {' '.join(words)}: {result.stderr or result.stdout}"
                run += 1
        assert run > 0


def prepare(page: str, folder: Path) -> None:
    """Put the files in place that a page takes for granted."""
    from geobfdt.io.write.tables import write_techlog
    from geobfdt.wells.picks import read_picks

    shutil.copy(folder / "picks.csv", folder / "dips.csv")
    if page == "docs/reading.md":
        (folder / "wells").mkdir()
        shutil.copy(folder / "well.dlis", folder / "wells" / "W01.dlis")
        from PIL import Image

        Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 60), dtype=np.uint8)).save(folder / "wall.png")
    elif page == "docs/pick-tables.md":
        write_techlog(read_picks(folder / "picks.csv"), folder / "techlog.csv")
    elif page == "docs/reports.md":
        assert (
            run_command("ingest", "well.dlis", "--picks", "picks.csv", "--field", "field", cwd=folder).returncode == 0
        )
    elif page == "docs/scoring.md":
        for name, source in (("PICKS", "picks.csv"), ("TRUTH", "truth.csv"), ("A", "picks.csv"), ("B", "truth.csv")):
            (folder / name).mkdir()
            shutil.copy(folder / source, folder / name / "W01.picks.csv")
        shutil.copy(folder / "intervals.csv", folder / "INTERVALS.csv")
