"""The command line as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.command import run_command as geobfdt

VERBS = [
    "inspect", "open", "simulate", "ingest", "audit", "train", "adapt", "pick", "serve", "report", "evaluate", "agree",
    "study", "search", "gate", "drift", "retrain", "models", "track", "convert", "demo",
]  # fmt: skip


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Two short simulated wells."""
    out = tmp_path_factory.mktemp("cli") / "sim"
    run = geobfdt("simulate", out, "--wells", 2, "--length", 6, "--seed", 5, "--tool", "fmi", "--deviation", 0)
    assert run.returncode == 0, run.stderr
    return out


@pytest.mark.process
def test_help_names_every_verb_and_loads_nothing_heavy():
    """Help lists the verbs without importing pandas, xarray, scipy or matplotlib."""
    code = (
        "import sys\nfrom geobfdt.cli import main\nsys.argv=['geobfdt','--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'pandas','xarray','scipy','matplotlib','dlisio'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.rstrip().endswith("[]")
    for verb in VERBS:
        assert verb in run.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb):
    """Each verb has help."""
    run = geobfdt(verb, "--help")
    assert run.returncode == 0
    assert len(run.stdout) > 200


def test_wrong_usage_exits_with_2():
    """A wrong option, or a value outside its range, is usage: status 2."""
    assert geobfdt("pick", "a.dlis").returncode == 2
    assert geobfdt("pick", "a.dlis", "--out", "x", "--diameter", 9).returncode == 2
    assert geobfdt("frobnicate").returncode == 2


def test_the_whole_path(field, tmp_path):
    """Inspect, ingest, audit, pick, evaluate, agree, convert: each works on what the one before left."""
    wells = sorted(field.glob("*.dlis"))
    names = [well.stem for well in wells]
    summary = json.loads(geobfdt("inspect", wells[0], "--json").stdout)
    assert summary["format"].startswith("DLIS")
    assert summary["reads_as"]["bottom_m"] - summary["reads_as"]["top_m"] == pytest.approx(6, abs=0.05)

    lines = [line.split() for line in geobfdt("inspect", wells[0]).stdout.splitlines() if line.strip()]
    table = {line[0]: line[1:] for line in lines}
    assert (table["north"], table["dynamic"]) == (["true", "north"], ["yes"])

    store = tmp_path / "field"
    run = geobfdt("ingest", *wells, "--field", store, "--picks", field)
    assert run.returncode == 0, run.stderr
    assert {f.name for f in store.iterdir()} >= {
        f"{n}{s}" for n in names for s in (".nc", ".picks.csv", ".findings.json")
    }

    run = geobfdt("audit", store, "--json")
    assert run.returncode == 0, run.stderr
    assert set(json.loads(run.stdout)) == set(names)

    out = tmp_path / "picks"
    run = geobfdt("pick", store, "--out", out, "--json")
    assert run.returncode == 0, run.stderr
    delivered = json.loads(run.stdout)
    assert [d["well"] for d in delivered] == names
    for delivery in delivered:
        assert all(Path(file).exists() for file in delivery["files"])
        assert (out / f"{delivery['well']}.png").read_bytes()[:4] == b"\x89PNG"

    run = geobfdt("evaluate", out, field, "--json")
    assert run.returncode == 0, run.stderr
    assert "null" in run.stdout
    assert geobfdt("agree", field, field).returncode == 0
    run = geobfdt("convert", out / f"{names[0]}.picks.csv", tmp_path / "t.csv", "--to", "techlog")
    assert run.returncode == 0, run.stderr
    run = geobfdt("convert", store / f"{names[0]}.nc", tmp_path / "again.dlis")
    assert run.returncode == 0, run.stderr
    again = json.loads(geobfdt("inspect", tmp_path / "again.dlis", "--json").stdout)
    assert again["reads_as"]["rows"] == summary["reads_as"]["rows"]


def test_convert_names_both_files(tmp_path):
    """Intervals to ignore have a file of their own, which is named in text and JSON."""
    rows = "Well;MD;True dip;True azimuth;Height;Type\n;m;deg;deg;m;\nA;1000;30;370;0.1;CCF\nA;1010;80;90;2;Breakout\n"
    (tmp_path / "t.csv").write_text(rows)
    run = geobfdt("convert", "t.csv", "p.csv", "--to", "picks", cwd=tmp_path)
    assert run.stdout.splitlines()[-3:] == ["p.csv", "p.intervals.csv", "p.breakouts.csv"]
    output = json.loads(geobfdt("convert", "t.csv", "p.csv", "--to", "picks", "--json", cwd=tmp_path).stdout)
    files = [output[name] for name in ("file", "intervals", "breakouts")]
    assert files == ["p.csv", "p.intervals.csv", "p.breakouts.csv"]
    assert len(pd.read_csv(tmp_path / "p.intervals.csv")) == 1
    output = json.loads(geobfdt("convert", "t.csv", "t.las", "--to", "las", "--json", cwd=tmp_path).stdout)
    assert output["intervals"] is None


def test_same_input_same_bytes(field, tmp_path):
    """Picking twice leaves equal files, pictures included, and a DLIS and its ingested twin give the same picks."""
    well = sorted(field.glob("*.dlis"))[0]
    for name in ("one", "two"):
        assert geobfdt("pick", well, "--out", tmp_path / name).returncode == 0
    first, second = ({f.name: f.read_bytes() for f in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert first == second
    assert geobfdt("ingest", well, "--field", tmp_path / "field").returncode == 0
    assert geobfdt("pick", tmp_path / "field", "--out", tmp_path / "three", "--no-picture").returncode == 0
    table = f"{well.stem}.picks.csv"
    assert (tmp_path / "three" / table).read_bytes() == first[table]


def test_a_second_ingest_needs_replace(field, tmp_path):
    """A well that is in the field stays as it is until --replace is given, and then the findings say what went."""
    well, store = sorted(field.glob("*.dlis"))[0], tmp_path / "field"
    place = ("ingest", well, "--field", store, "--picks", field)
    assert geobfdt(*place).returncode == 0
    before = {file.name: file.read_bytes() for file in store.iterdir() if file.is_file()}
    assert "manifest.json" in before
    assert geobfdt(*place).returncode == 1
    assert {file.name: file.read_bytes() for file in store.iterdir() if file.is_file()} == before
    assert geobfdt(*place, "--replace").returncode == 0
    stored = json.loads((store / f"{well.stem}.findings.json").read_text())
    assert "well-replaced" in {finding["kind"] for finding in stored}


def test_pick_a_png_in_one_command(tmp_path):
    """A new user's own picture: depth range, diameter and orientation in the command, and out come dips."""
    from PIL import Image

    t = np.arange(360)
    rows = np.arange(600)
    grey = np.full((600, 360), 170.0) + np.random.default_rng(0).normal(0, 8, (600, 360))
    centre = 300 + 60 * np.cos(np.radians(t - 120))  # 5 mm rows: z0 = 101.5025 m, A = 0.3 m
    grey -= 120 * np.exp(-0.5 * ((rows[:, None] - centre) / 2) ** 2)
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(tmp_path / "core.png")
    run = geobfdt(
        "pick", "core.png", "--out", "out", "--top", 100, "--bottom", 103, "--diameter", 0.2,
        "--azimuth-reference", "north", "--deviation", 0, "--hole-azimuth", 0, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    picks = pd.read_csv(tmp_path / "out" / "core.picks.csv")
    best = picks.loc[picks.confidence.idxmax()]
    assert best.depth_m == pytest.approx(101.5025, abs=0.01)
    assert best.dip_true_deg == pytest.approx(np.degrees(np.arctan(2 * 0.3 / 0.2)), abs=1.5)
    assert best.azimuth_true_deg == pytest.approx(120, abs=2)
    assert best["class"] == "fracture"
    assert best.polarity == "conductive"


def bad_files(folder: Path) -> dict[str, Path]:
    """Files that cannot be read, by what is wrong with them."""
    paths = {
        name: folder / name for name in ("empty.dlis", "text.dlis", "short.png", "zero.csv", "units.csv", "missing")
    }
    paths["empty.dlis"].write_bytes(b"")
    paths["text.dlis"].write_bytes(b"To be, or not to be\n" * 50)
    paths["short.png"].write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    paths["zero.csv"].write_text("depth_m,0,90,180,270\n")
    paths["units.csv"].write_text("depth,0,90,180,270\nfurlong,,,,\n" + "".join(f"{i},1,2,3,{i}\n" for i in range(99)))
    paths["a directory"] = folder / "directory"
    paths["a directory"].mkdir()
    return paths


@pytest.mark.parametrize(
    "what", ["empty.dlis", "text.dlis", "short.png", "zero.csv", "units.csv", "missing", "a directory"]
)
def test_bad_input_is_one_line_and_status_1(tmp_path, what):
    """Each bad file brings one line that names it, status 1, no traceback and nothing left behind."""
    path = bad_files(tmp_path)[what]
    run = geobfdt("pick", path, "--out", tmp_path / "out")
    assert run.returncode == 1, run.stdout + run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert path.name in run.stderr
    assert not (tmp_path / "out").exists()


def test_truncated_dlis(field, tmp_path):
    """A DLIS cut in the middle is either read as far as it goes, said in a finding, or refused in one line."""
    content = sorted(field.glob("*.dlis"))[0].read_bytes()
    (tmp_path / "cut.dlis").write_bytes(content[: len(content) // 2])
    run = geobfdt("pick", "cut.dlis", "--out", "out", "--no-picture", cwd=tmp_path)
    if run.returncode == 0:
        assert (
            "truncated"
            in (tmp_path / "out").joinpath(f"{next(iter((tmp_path / 'out').glob('*.json'))).name}").read_text()
        )
    else:
        assert run.returncode == 1
        assert len(run.stderr.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    """A file that may not be read is one line."""
    (tmp_path / "a.dlis").write_bytes(b"x" * 200)
    (tmp_path / "a.dlis").chmod(0)
    run = geobfdt("pick", tmp_path / "a.dlis", "--out", tmp_path / "out")
    assert run.returncode == 1
    assert "permission" in run.stderr


@pytest.mark.parametrize(("verb", "option"), [("pick", "--out"), ("ingest", "--field")])
@pytest.mark.parametrize("limit", [3_000, 30_000, 300_000])
def test_full_disk_leaves_nothing(field, tmp_path, verb, option, limit):
    """When a write fails, early or late, there is one line, status 1 and no partial output."""
    well = sorted(field.glob("*.dlis"))[0]
    run = geobfdt(verb, well, option, tmp_path / "out", limit=limit)
    assert run.returncode == 1, run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert "cannot be written" in run.stderr
    assert ".part" not in run.stderr
    assert not (tmp_path / "out").exists()


def test_errors_as_json(tmp_path):
    """With --json a machine reads the refusal as JSON too."""
    run = geobfdt("pick", tmp_path / "missing.dlis", "--out", tmp_path / "out", "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["error"]["severity"] == "critical"
