"""Hostile files: 200 mutants of every format read, or are refused with one line; nothing hangs, nothing crashes.

Each format's mutants are read in a child process with bounded memory, so that a crash in a C library is seen and told
from a refusal. The seeds are fixed: a failure names the mutant, and ``python test_fuzz.py KIND FOLDER`` repeats it.
"""

from __future__ import annotations

import json
import resource
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MUTANTS = 200
SECONDS = 10  # one file may take
MEMORY = 6 << 30  # bytes of address space; libraries alone map over 1 GiB


def pixels(rows=60, columns=16):
    """An image with a few beds and a gap."""
    depth = np.arange(rows)[:, None]
    values = 100 + 50 * np.sin(depth / 4 + np.arange(columns) / 3)
    values[10:14, :4] = np.nan
    return values


def seeds(folder: Path) -> dict[str, bytes]:
    """One small valid file of every format, written by the project's own writers or by hand."""
    import pandas as pd
    import tifffile

    from geobfdt.io.write.delimited import write_csv, write_techlog_image
    from geobfdt.io.write.dlis import write_dlis
    from geobfdt.io.write.netcdf import write_netcdf
    from geobfdt.io.write.raster import write_png
    from geobfdt.io.write.tables import FORMATS
    from geobfdt.wells.image import well_image
    from geobfdt.wells.picks import new_picks

    image = well_image(
        pixels(), 1000 + 0.00254 * np.arange(60), diameter=0.2, deviation=10, hole_azimuth=40,
        well="A-1", tool="FMI", reference="north",
    )  # fmt: skip
    picks = new_picks(
        well="A-1", depth_m=[1000.02, 1000.08], class_=["bedding", "fracture"], dip_app_deg=[5.0, 60.0],
        azimuth_app_deg=[10.0, 200.0], dip_true_deg=[6.0, 61.0], azimuth_true_deg=[11.0, 201.0],
        amplitude_m=[0.01, 0.17], diameter_m=0.2, reference="north",
    )  # fmt: skip
    write_dlis(image, folder / "a.dlis")
    write_netcdf(image, folder / "a.nc")
    write_png(image, folder / "a.png")
    write_csv(image, folder / "a.csv")
    write_techlog_image(image, folder / "a.techlog.csv")
    tifffile.imwrite(folder / "a.tif", np.nan_to_num(pixels()).astype(np.uint8))
    np.savez(folder / "a.npz", image=pixels().astype(np.float32), depth_m=1000 + 0.01 * np.arange(60))
    names = "".join(f" IMG[{k}] . : {k}\n" for k in range(16))
    body = "".join(f"{1000 + 0.1 * i:.1f} " + " ".join(f"{v:.1f}" for v in np.nan_to_num(row, nan=-999.25)) + "\n"
                   for i, row in enumerate(pixels()))  # fmt: skip
    (folder / "a.las").write_text(
        "~V\n VERS. 2.0 :\n WRAP. NO :\n~W\n STRT.M 1000 :\n STOP.M 1005.9 :\n STEP.M 0.1 :\n NULL. -999.25 :\n"
        f" WELL. A-1 :\n~C\n DEPT.M : depth\n{names}~A\n{body}"
    )
    lis = runpy.run_path(str(Path(__file__).parent / "images" / "test_lis.py"))
    null = np.nan_to_num(pixels(), nan=-999.25)
    (folder / "a.lis").write_bytes(lis["lis79"](40000.0 - np.arange(60), null, np.full(60, 8.5)))
    for name, write in FORMATS.items():
        write(picks, folder / f"picks.{name}")
    pd.DataFrame({"DEPTH (m)": [1.0], "DIP_TRUE": [5.0], "AZIMUTH_TRUE": [9.0], "TYPE": ["Bedding"]}).to_excel(
        folder / "picks.xlsx", index=False
    )
    (folder / "survey.csv").write_text("DEPTH,DEVI,AZIM\n0,0,0\n100,5,80\n200,7,439\n")
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.suffix != ".yaml"}


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one to four ways: flipped, overwritten, cut, repeated, dropped, enlarged numbers."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if not data:
            break
        at, size = int(rng.integers(len(data))), int(rng.integers(1, 64))
        match rng.integers(7):
            case 0:
                data[at] ^= 1 << int(rng.integers(8))
            case 1:
                data[at : at + size] = rng.bytes(size)
            case 2:
                del data[at:]
            case 3:
                data[at:at] = data[at : at + size] * int(rng.integers(1, 50))
            case 4:
                del data[at : at + size]
            case 5:
                data[at : at + 4] = b"\xff\xff\xff\xff"
            case 6:
                data[at : at + 1] = b"999999999"
    return bytes(data)


def readers(name: str):
    """What a user may do with such a file."""
    from geobfdt.io.images import files
    from geobfdt.io.tables import pick_tables as tables
    from geobfdt.io.tables.surveys import read_survey

    if name.startswith("survey"):
        return [read_survey]
    if name.startswith("picks"):
        return [tables.read_pick_table]
    options = {"top": 1000.0, "bottom": 1001.0} if name.endswith((".png", ".tif", ".npz")) else {}
    return [files.inspect, lambda path: files.read(path, **options).load()]


def outcomes(name: str, folder: Path) -> list[str]:
    """Read every mutant of one file; return what went wrong with any."""
    from geobfdt.runtime.findings import InputError

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("hang")))
    content, wrong = (folder / name).read_bytes(), []
    path = folder / f"mutant-{name}"
    for seed in range(MUTANTS):
        path.write_bytes(mutate(content, np.random.default_rng(seed)))
        (folder / "last").write_text(f"{name} seed {seed}")
        for read in readers(name):
            signal.alarm(SECONDS)
            try:
                read(path)
            except InputError as error:
                if not str(error).isprintable() or path.name not in str(error):
                    wrong.append(f"seed {seed}: not one line that names the file: {error}")
            except BaseException as error:
                wrong.append(f"seed {seed}: {type(error).__name__}: {str(error)[:200]}")
            finally:
                signal.alarm(0)
    return wrong


KINDS = ("a.csv", "a.dlis", "a.las", "a.lis", "a.nc",
         "a.npz", "a.png", "a.techlog.csv", "a.tif", "picks.techlog", "picks.las",
         "picks.xlsx", "survey.csv")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one valid file of every format."""
    folder = tmp_path_factory.mktemp("fuzz")
    seeds(folder)
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_seed_reads(folder, name):
    """The file that the mutants come from is itself read: the fuzzer starts from something valid."""
    for read in readers(name):
        read(folder / name)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", KINDS)
def test_mutants(folder, name):
    """No mutant brings a traceback, a hang, a crash or more than one line."""
    child = subprocess.run(
        [sys.executable, __file__, name, str(folder)], capture_output=True, text=True, timeout=600, check=False
    )
    last = (folder / "last").read_text()
    assert child.returncode == 0, f"the reader died at {last}: {child.stderr[-500:]}"
    assert json.loads(child.stdout.splitlines()[-1]) == []
    assert last == f"{name} seed {MUTANTS - 1}"


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(outcomes(sys.argv[1], Path(sys.argv[2]))) + "\n")
