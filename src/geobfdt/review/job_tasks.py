"""What the server can be asked to do that takes long: pick a well, bring one in, write a report."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from geobfdt.review.access_log import Audit
from geobfdt.review.job_queue import Jobs, Kind, Parameters, Report
from geobfdt.review.service import Room
from geobfdt.wells.picks import read_picks, write_picks

__all__ = ["PRELOAD", "QUEUE", "forget_torn", "incoming", "kinds", "report_file"]

_READERS = ("delimited", "dlis", "las", "lis", "netcdf")
# Nothing that starts threads, which copies of a process would lack.
PRELOAD = ("geobfdt.workflows.ingest", *(f"geobfdt.wells.readers.{reader}" for reader in _READERS))

QUEUE = ".jobs"  # Folder of the queue, in the field.
_PICKS = "picks.csv"
_WELLS = "wells.json"  # What a file brought in: the wells, and which of them were there before.
_KEPT = 50  # Reports that are kept.
_READING_S, _READING_S_A_BYTE = 30.0, 0.25e-6  # Time that reading a file may take: some ten times what it does take.
_WORK_S, _WORK_S_A_BYTE = 900.0, 10e-6  # Time that picking or reporting a well may take, by the bytes of its image.
_TORN_S = 86400.0  # Seconds after which nobody is still sending a file.


def kinds(room: Room, audit: Audit) -> dict[str, Kind]:
    """Kinds of jobs of a field."""
    field = room.wells.field.path

    def brought(job: str, parameters: Parameters, folder: Path) -> None:
        wells = json.loads((folder / _WELLS).read_text())
        who = {key: parameters[key] for key in ("client", "person") if parameters.get(key)}
        audit.write({"job": job, "file": parameters["name"], **wells, **who})

    def join(job: str, parameters: Parameters, folder: Path) -> None:
        # By its key the log knows a job that was joined already, and whose server was killed before it said so.
        well, layer, person = (parameters[name] for name in ("well", "layer", "person"))
        room.join(well, layer, person, read_picks(folder / _PICKS), key=f"job-{job}")

    def keep(job: str, _: Parameters, folder: Path) -> None:
        (made,) = folder.glob("*.report.html")
        file = report_file(field, job)
        file.parent.mkdir(exist_ok=True)
        shutil.move(made, file)
        others = [one for one in file.parent.glob("*.html") if one != file]  # whose clock may have been ahead
        for old in sorted(others, key=lambda one: one.stat().st_mtime)[: 1 - _KEPT]:
            old.unlink(missing_ok=True)

    def forget(parameters: Parameters) -> None:
        shutil.rmtree(incoming(field) / parameters["folder"], ignore_errors=True)

    def reading_time(parameters: Parameters) -> float:
        sent: Path = incoming(field) / parameters["folder"] / parameters["name"]
        return _READING_S + _READING_S_A_BYTE * sent.stat().st_size

    def working_time(parameters: Parameters) -> float:
        return _WORK_S + _WORK_S_A_BYTE * room.wells.field.file(parameters["well"], ".nc").stat().st_size

    return {
        "pick": Kind(_pick, (str(field), str(room.model)), then=join, seconds=working_time),
        "bring in": Kind(_bring_in, (str(field),), then=brought, after=forget, seconds=reading_time, untrusted=True),
        "report": Kind(_report, (str(field),), then=keep, seconds=working_time),
    }


def incoming(field: Path) -> Path:
    """Where files that were sent wait for their turn."""
    return field / QUEUE / "incoming"


def forget_torn(field: Path, jobs: Jobs) -> None:
    """Take away what was being sent when a server was killed: what no job knows of, a day after it came."""
    known = {job.parameters.get("folder") for job in jobs.waiting()}
    for folder in incoming(field).glob("*"):
        if folder.name not in known and time.time() - folder.stat().st_mtime > _TORN_S:
            shutil.rmtree(folder, ignore_errors=True)


def report_file(field: Path, job: str) -> Path:
    """Report that a job made."""
    return field / QUEUE / "reports" / f"{job}.html"


def _pick(field: str, model: str, parameters: Parameters, folder: str, report: Report) -> None:
    """Pick a well; its picks stay in the folder, and beside the well how far it is from what the model knows."""
    from geobfdt.picking.drift import mark_drift, write_zones
    from geobfdt.picking.picker import detector_of, pick_with_findings
    from geobfdt.wells.field import Field
    from geobfdt.wells.readers.netcdf import read

    file = Field(Path(field)).file(parameters["well"], ".nc")
    image = read(file)
    detector = detector_of(image, model, parameters["method"])
    picks, _ = pick_with_findings(image, detector, progress=report)
    write_picks(picks, Path(folder) / _PICKS)
    drift = file.with_suffix(".drift.csv")
    if detector.drift_reference is not None:
        write_zones(mark_drift(image, picks, detector.drift_reference)[1], drift)
    else:
        drift.unlink(missing_ok=True)  # it spoke of another picker


def _bring_in(field: str, parameters: Parameters, folder: str, report: Report) -> None:
    """Bring a file into a field."""
    from geobfdt.wells.options import ReadingOptions
    from geobfdt.workflows.ingest import ingest

    place = Path(field)
    sent = incoming(place) / parameters["folder"] / parameters["name"]
    before = {file.stem for file in place.glob("*.nc")}
    os.chdir(folder)  # Whatever a reader leaves behind is gone afterwards.
    options = ReadingOptions(**parameters.get("options", {}))
    brought = ingest([sent], place, options, replace=parameters.get("replace", False), progress=report)
    wells = {"wells": sorted(brought), "replaced": sorted(before & set(brought))}
    (Path(folder) / _WELLS).write_text(json.dumps(wells))


def _report(field: str, parameters: Parameters, folder: str, report: Report) -> None:
    """Write the report of a layer of a well."""
    from geobfdt.workflows.report import report_field

    well, layer = parameters["well"], parameters["layer"]
    report_field(Path(field), Path(folder), layer=layer, only=[well], progress=report)
