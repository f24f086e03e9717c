"""A year of retraining: eight wells, three more, one of another style, two with wrong data, a new tool, a rollback.

    python examples/operator_year.py

Wells are simulated, and each step is a real command. The record of the registry lists the promotions at the end.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from typer.testing import CliRunner

from geobfdt.cli.app import app
from geobfdt.io.write.dlis import write_dlis
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.geology import draw_geology, vary_geology
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import draw
from geobfdt.wells.intervals import write_intervals
from geobfdt.wells.picks import read_picks, write_picks

SEED = 43
# One contractor, one tool, one way of processing, one interpreter.
HOUSE: dict[str, Any] = {
    "tool": "atv", "row_spacing": 0.004, "columns": 144, "diameter": 0.2, "deviation": 30.0, "hole_azimuth": 60.0,
    "reference": "north", "static": "linear", "clip": 0.5, "quantised": False, "style": "dense", "unpicked": 0.0,
}  # fmt: skip


def command(*words: Any) -> int:
    """Run a command of geobfdt as it would be typed; its exit status."""
    line = [str(word) for word in words]
    print("\n$ geobfdt", *line, flush=True)
    result = CliRunner().invoke(app, line)
    print(result.output.rstrip())
    if isinstance(result.exception, InputError):
        print(f"geobfdt: {result.exception}")
        return 1
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code


def well(folder: Path, number: int, length: float, **other: Any) -> Path:
    """Simulate a well of the field and leave it as a contractor and an interpreter would."""
    rng = np.random.default_rng((SEED, number))
    geology = vary_geology(draw_geology(np.random.default_rng((SEED, 0))), rng)
    name = f"N-{number}"
    simulated = simulate_well(draw(rng, well=name, geology=geology, length=length, **{**HOUSE, **other}), rng)
    file = folder / f"{name}.dlis"
    write_dlis(simulated.image, file)
    write_picks(simulated.picks, folder / f"{name}.picks.csv")
    write_intervals(simulated.intervals, folder / f"{name}.intervals.csv")
    return file


def main() -> None:
    """Run the year."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=float, default=12.0, help="of each well (m)")
    parser.add_argument("--steps", type=int, default=20, help="of tuning")
    parser.add_argument("--keep", type=Path, help="folder to leave everything in")
    args = parser.parse_args()
    with TemporaryDirectory() as temporary:
        root = args.keep or Path(temporary)
        story(root, args.length, args.steps)


def story(root: Path, length: float, steps: int) -> None:
    """Run the events month by month; stop with an error if a step has another result than expected."""
    inbox, field, models = root / "inbox", root / "field", root / "models"
    inbox.mkdir(parents=True, exist_ok=True)
    champion = f"{models}@champion"

    def bring(*numbers: int, **other: Any) -> None:
        files = [well(inbox, number, length, **other) for number in numbers]
        expect(0, command("ingest", *files, "--picks", inbox, "--field", field))

    def retrain(status: int, *more: Any) -> None:
        place = ("--field", field, "--models", models, "--demands", root / "gate.yaml")
        expect(status, command("retrain", *place, "--steps", steps, "--promote", "--who", "operator", *more))

    print("January: ten interpreted wells; two are kept blind")
    bring(*range(1, 11))
    (root / "gate.yaml").write_text(
        "signed_by: chief interpreter\nblind: [N-9, N-10]\nleast: {each: {z_5cm: 3}, all: {repeatability: 0.7}}\n"
        "most: {each: {depth_bias_mm: 5}}\nmargin: 0.1\n"
    )
    blind = ("--blind", "N-9", "--blind", "N-10")
    expect(0, command("train", field, "--from", "default", *blind, "--steps", steps, "--out", root / "first"))
    expect(0, command("models", "add", models, root / "first", "--why", "eight wells", "--who", "operator"))
    name = geobfdt_digest(root / "first")
    expect(
        0, command("gate", f"{models}@{name}", "--field", field, "--demands", root / "gate.yaml", "--out", root / "v1")
    )
    expect(0, command("models", "sign", models, name, "--who", "chief interpreter", "--why", "read the verdict"))
    expect(0, command("models", "promote", models, name, "--why", "signed", "--who", "operator"))

    print("\nMarch: three good wells")
    bring(11, 12, 13)
    retrain(0)
    retrain(0)  # once more: nothing is new

    print("\nMay: a well picked in another style")
    bring(14, style="sparse")
    retrain(0)

    print("\nJune: a well whose values run from 0 to 15, and one whose true dips were stored as apparent ones")
    bring(15, wrong_range=True)
    well(inbox, 16, length)
    mix_up(inbox / "N-16.picks.csv")
    expect(0, command("ingest", inbox / "N-16.dlis", "--picks", inbox, "--field", field))
    retrain(0)

    print("\nSeptember: a new tool")
    file = well(inbox, 17, length, tool="lwd56", row_spacing=0.01, columns=56)
    expect(0, command("pick", file, "--model", champion, "--no-picture", "--out", root / "picks"))
    states = set(read_picks(root / "picks" / "N-17.picks.csv")["drift"]) or {"abstain"}
    expect({"abstain"}, states)

    print("\nDecember: back to the former champion")
    expect(0, command("models", "back", models, "--why", "misses resistive fractures", "--who", "operator"))
    expect(0, command("models", "record", models))
    expect(0, command("models", "verify", models))


def mix_up(file: Path) -> None:
    """Store true dips and azimuths where apparent ones belong."""
    picks = read_picks(file)
    dip, azimuth = picks["dip_true_deg"], picks["azimuth_true_deg"]
    amplitude = picks["diameter_m"] / 2 * np.tan(np.radians(dip))
    write_picks(picks.assign(dip_app_deg=dip, azimuth_app_deg=azimuth, amplitude_m=amplitude), file)


def geobfdt_digest(bundle: Path) -> str:
    """First digits of a bundle's name in a registry."""
    from geobfdt.model.registry import contents_digest

    return contents_digest(bundle)[:12]


def expect(expected: object, got: object) -> None:
    """Stop where the year went another way."""
    if got != expected:
        sys.exit(f"expected {expected}, got {got}")


if __name__ == "__main__":
    main()
