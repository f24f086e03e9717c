"""The demonstration: the same by function and by command."""

from __future__ import annotations

from pathlib import Path

from tests.command import run_command

import geobfdt


def test_the_function_does_what_the_command_does(tmp_path: Path) -> None:
    """The same files to the byte, and a score of the picks that are there."""
    shares: list[float] = []
    result = geobfdt.demo(tmp_path / "function", progress=lambda share, _: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    run = run_command("demo", "--out", tmp_path / "a command")
    assert run.returncode == 0, run.stderr
    files = {
        name: {
            file.relative_to(tmp_path / name): file.read_bytes()
            for file in (tmp_path / name).rglob("*")
            if file.is_file()
        }
        for name in ("function", "a command")
    }
    assert Path("picks/W01.picks.csv") in files["function"]
    assert files["function"] == files["a command"]
    assert sum(result.delivery.counts.values()) == len(files["function"][Path("picks/W01.picks.csv")].splitlines()) - 1
    for step in ("simulate", "inspect", "ingest", "pick", "evaluate"):
        assert f"$ geobfdt {step} '" in run.stdout
