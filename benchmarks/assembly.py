"""Compare assembled images with undisturbed ones: depths of rows, angles, pixels, and picks.

    python benchmarks/assembly.py --wells 20 --length 12 --seed 7000 --out results/assembly.json

Each simulated well goes through a DLIS file of its buttons. It is assembled with all steps and with none; pixels are
compared with those of a recording without flaws. Each step is also measured alone: on a recording that has its flaws
only, with the step and without it. Picks of the network are scored on three images: undisturbed, all steps, none.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from results_file import add_out, write_results

from geobfdt.assembly.build import STEPS, Assembled, Plan, build
from geobfdt.assembly.tool_geometry import geometry_of
from geobfdt.evaluation.scores import evaluate
from geobfdt.io.images.dlis.pads import read_pads
from geobfdt.io.write.pads import write_pads
from geobfdt.picking.picker import pick
from geobfdt.simulation.pad_well import oriented_settings
from geobfdt.simulation.pads import CONTRAST, PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.visibility import RowNoise
from geobfdt.simulation.well import planes_of
from geobfdt.simulation.well_settings import WellSettings, draw
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.picks import PickTable
from geobfdt.workflows.assemble import image_of

# Flaws that each step is for; the noise of buttons is in all recordings.
FLAWS_OF = {
    "speed": ("stick_slip",),
    "offsets": ("row_offset", "flap_offset"),
    "gains": ("emex_steps",),
    "buttons": ("gain_spread", "dead_buttons"),
}
TOLERANCES_M = (0.02, 0.03)
Image = npt.NDArray[np.float32]


def settings_of(seed: int, length: float) -> WellSettings:
    """A random well for a pad tool, oriented to north where the hole has a north side."""
    return oriented_settings(draw(np.random.default_rng(seed), tool="fmi", length=length, well=f"W{seed}"))


def only(names: tuple[str, ...]) -> PadFlaws:
    """Flaws of these names as usual, and no other but the noise of the sensors."""
    usual_flaws = PadFlaws().model_dump()
    sensors = ("noise", "accelerometer_noise", "accelerometer_zero", "bearing_noise")
    return PadFlaws(**PadFlaws.none().model_dump() | {name: usual_flaws[name] for name in (*names, *sensors)})


def through_file(recording: PadRecording, folder: Path) -> PadRecording:
    """Write a recording as DLIS, and read it back."""
    file = folder / f"{recording.attributes['well']}.dlis"
    write_pads(recording, file)
    return read_pads(file, ReadingOptions())


def assembled(recording: PadRecording, settings: WellSettings, steps: tuple[str, ...]) -> Assembled:
    """Assemble with these steps only."""
    reference = "high_side" if settings.reference == "high_side" else "north"
    plan = Plan(reference=reference, without=[step for step in STEPS if step not in steps], north="true")
    return build(recording, geometry_of("FMI"), plan)


def rms(values: npt.ArrayLike) -> float:
    """Root mean square of what is finite."""
    return float(np.sqrt(np.nanmean(np.square(values))))


def likeness(image: Assembled, sound: Assembled) -> float:
    """Correlation of pixels with those of the undisturbed image, each row of both made even in level over a metre."""
    first = np.searchsorted(sound.depth, image.depth - 1e-6)
    rows = first < sound.depth.size
    one, other = image.image[rows], sound.image[first[rows]]
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[both], other[both])[0, 1])


def depth_error(pads: SimulatedPads, image: Assembled) -> float:
    """RMS of the depths of rows against the truth (mm)."""
    depth = pads.recording.depth if image.tool is None else image.tool.depth
    return 1000 * rms(depth - pads.tool)


def angle_error(pads: SimulatedPads, image: Assembled) -> float:
    """RMS of the angle of pad 1 against the truth (deg)."""
    order = np.argsort(pads.tool, kind="stable")
    truth = np.interp(image.depth, pads.tool[order], np.unwrap(pads.turn[order], period=360.0))
    return rms((image.turn - truth + 180) % 360 - 180)


def offset_errors(pads: SimulatedPads, image: Assembled) -> tuple[float, float]:
    """RMS of the residual offsets of arrays before and after (mm)."""
    moved = {offset.array: float(offset.shift.mean()) for offset in image.offsets}
    before, after = [], []
    for name, shift in pads.shifts.items():
        links = [name, f"{name[:3]}3"] if name.endswith("4") else [name]
        before.append(shift)
        after.append(shift + sum(moved.get(link, 0.0) for link in links))
    return 1000 * rms(before), 1000 * rms(after)


def truth_of(pads: SimulatedPads, sound: Assembled, whole: Assembled, settings: WellSettings) -> PickTable:
    """Planes of the wall with how they show on the undisturbed image."""
    image = image_of(sound, pads.recording)
    recorded = sound.image / np.float32(CONTRAST)
    broken = (sound.image - whole.image[: len(sound.image)]) / np.float32(CONTRAST)
    row_noise = RowNoise(0.01)
    plain = settings.model_copy(update={"well": str(image.attrs["well"])})
    return planes_of(pads.wall, image, recorded, broken.astype(np.float32), plain, row_noise)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--picks", type=int, default=20, help="wells that are picked")
    parser.add_argument(
        "--speed-length", type=float, default=200.0, help="length of the well that is timed (m); 0: none"
    )
    parser.add_argument("--picture", type=Path, help="draw a well to this file, and do nothing else")
    add_out(parser)
    args = parser.parse_args()
    if args.picture:
        draw_picture(args.picture, args.seed)
        return
    rows, tables = [], {"undisturbed": [], "all": [], "none": []}
    truths = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, seed in enumerate(range(args.seed, args.seed + args.wells)):
            settings = settings_of(seed, args.length)
            pads = simulate_pads(settings, np.random.default_rng(seed))
            clean = only(())
            still = simulate_pads(settings, np.random.default_rng(seed), clean)
            sound = assembled(through_file(still.recording, folder), settings, ())
            recording = through_file(pads.recording, folder)
            images = {"none": assembled(recording, settings, ()), "all": assembled(recording, settings, STEPS)}
            recordings = dict.fromkeys(images, pads)
            for step in STEPS:
                flawed = simulate_pads(settings, np.random.default_rng(seed), only(FLAWS_OF[step]))
                part = through_file(flawed.recording, folder)
                recordings |= {f"no {step}": flawed, step: flawed}
                images |= {f"no {step}": assembled(part, settings, ()), step: assembled(part, settings, (step,))}
            for steps, image in images.items():
                before, after = offset_errors(recordings[steps], image)
                row = {
                    "seed": seed, "deviation_deg": settings.deviation, "steps": steps,
                    "depth_rms_mm": depth_error(recordings[steps], image),
                    "angle_rms_deg": angle_error(recordings[steps], image),
                    "likeness": likeness(image, sound), "offset_before_mm": before, "offset_rms_mm": after,
                }  # fmt: skip
                rows.append(row)
                print(
                    f"{seed} dev {settings.deviation:5.1f} {steps:10} rows {row['depth_rms_mm']:6.2f} mm  "
                    f"angle {row['angle_rms_deg']:5.2f} deg  likeness {row['likeness']:.3f}  "
                    f"offsets {before:.2f} -> {after:.2f} mm",
                    flush=True,
                )
            if number >= args.picks:
                continue
            unbroken = simulate_pads(settings, np.random.default_rng(seed), clean, fractured=False)
            whole = assembled(through_file(unbroken.recording, folder), settings, ())
            truths.append(truth_of(still, sound, whole, settings))
            for steps, image in (("undisturbed", sound), ("all", images["all"]), ("none", images["none"])):
                tables[steps].append(pick(image_of(image, pads.recording)))
    if rows:
        summarise(rows)
    rows += score(tables, truths)
    if args.speed_length:
        rows.append(timed(args.speed_length, args.seed))
    write_results(args.out, rows)


def draw_picture(file: Path, seed: int) -> None:
    """Draw 2 m of a well as recorded, assembled and undisturbed, side by side."""
    import matplotlib.pyplot as plt
    from PIL import Image as PILImage

    settings = WellSettings(length=8.0, deviation=15.0, hole_azimuth=60.0, rotation=0.08, well="W01")
    pads = simulate_pads(settings, np.random.default_rng(seed))
    still = simulate_pads(settings, np.random.default_rng(seed), only(()))
    panels = {
        "as recorded": image_of(assembled(pads.recording, settings, ()), pads.recording),
        "assembled": image_of(assembled(pads.recording, settings, STEPS), pads.recording),
        "undisturbed": image_of(assembled(still.recording, settings, ()), still.recording),
    }
    figure, axes = plt.subplots(1, 3, figsize=(8, 6), sharey=True, layout="constrained")
    # Where the cable and the tool are furthest apart.
    worst = float(pads.recording.depth[np.argmax(np.abs(pads.tool - pads.recording.depth))])
    for axis, (title, image) in zip(axes, panels.items(), strict=True):
        rows = np.abs(image.depth.values - worst) < 1.0
        depth = image.depth.values[rows]
        axis.imshow(
            image["dynamic"].values[rows], cmap="YlOrBr_r", aspect="auto", interpolation="nearest",
            extent=(0, 360, depth[-1], depth[0]),
        )  # fmt: skip
        axis.set(title=title, xticks=[0, 90, 180, 270, 360])
        axis.set_xticklabels(["N", "E", "S", "W", "N"])
    axes[0].set_ylabel("measured depth (m)")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=75)
    plt.close(figure)
    with PILImage.open(buffer) as picture:
        picture.convert("RGB").quantize(128, dither=PILImage.Dither.NONE).save(file, optimize=True)


def summarise(rows: list[dict[str, object]]) -> None:
    """Print medians and extremes by steps."""
    table = pd.DataFrame(rows)
    print(f"\n{'steps':10} {'rows mm':>14} {'angle deg':>14} {'likeness':>16}")
    for steps, mine in table.groupby("steps", sort=False):
        depth, angle, like = (mine[name] for name in ("depth_rms_mm", "angle_rms_deg", "likeness"))
        print(
            f"{steps:10} {depth.mean():6.2f} (<{depth.max():5.2f}) {angle.mean():5.2f} (<{angle.max():4.2f}) "
            f"{like.mean():6.3f} (>{like.min():.3f}) offsets {mine['offset_before_mm'].mean():.2f} -> "
            f"{mine['offset_rms_mm'].mean():.2f} mm"
        )


def score(tables: dict[str, list[PickTable]], truths: list[PickTable]) -> list[dict[str, object]]:
    """Score the picks of each kind of image over all wells."""
    if not truths:
        return []
    truth = PickTable(pd.concat(truths, ignore_index=True))
    out: list[dict[str, object]] = []
    print(
        f"\n{'image':12} picks  "
        + "  ".join(f"F1 {kind} {100 * at:.0f} cm" for kind in ("trace", "depth") for at in TOLERANCES_M)
    )
    for steps, parts in tables.items():
        picks = PickTable(pd.concat(parts, ignore_index=True))
        scores = evaluate(picks, truth, shifts=10, tolerances=TOLERANCES_M).table()
        every = scores[scores["class"] == "all"]
        row: dict[str, object] = {"image": steps, "wells": len(parts), "picks": len(picks), "planes": len(truth)}
        for kind in ("trace", "depth"):
            for at in TOLERANCES_M:
                chosen = every[(every["kind"] == kind) & np.isclose(every["tolerance_m"], at)]
                row[f"f1_{kind}_{round(100 * at)}cm"] = float(chosen["f1"].iloc[0])
                row[f"chance_{kind}_{round(100 * at)}cm"] = float(chosen["null_f1"].iloc[0])
        out.append(row)
        print(f"{steps:12} {len(picks):5d}  " + "  ".join(f"{row[key]:12.3f}" for key in row if key.startswith("f1")))
    return out


# The command line, which prints the peak of its memory (kB) at its end. The system's accounting counts what this
# program held when it started the process as well, and the simulation of a long well holds gigabytes.
MEASURED = """
import sys
from geobfdt.cli import main
try:
    main()
finally:
    print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


def timed(length: float, seed: int) -> dict[str, object]:
    """Time of the processor and memory of ``geobfdt assemble``, for a long well and for one of half its length."""
    seconds, peaks = {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (length / 2, length):
            settings = settings_of(seed, part)
            file = folder / f"{part:g}.dlis"
            write_pads(simulate_pads(settings, np.random.default_rng(seed)).recording, file)
            words = [sys.executable, "-c", MEASURED, "assemble", file, "--out", file.with_suffix(".nc"), "--json"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run = subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds[part] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            peaks[part] = int(run.stderr.split()[-1]) / 2**20
    for part, time in seconds.items():
        print(f"{part:g} m in {time:.1f} s of processor and {peaks[part]:.1f} GB")
    return {
        "length_m": length, "cpu_seconds": seconds[length], "half_cpu_seconds": seconds[length / 2],
        "peak_gb": peaks[length], "half_peak_gb": peaks[length / 2],
    }  # fmt: skip


if __name__ == "__main__":
    main()
