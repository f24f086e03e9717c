"""The kinds of jobs: pick a well, read an uploaded file, write a report."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from geobfdt.review.access_log import AccessLog
from geobfdt.review.job_queue import JobKind, JobQueue, Parameters
from geobfdt.review.service import ReviewService
from geobfdt.runtime.progress import Progress
from geobfdt.wells.breakouts import read_breakouts, write_breakouts
from geobfdt.wells.picks import read_picks, write_picks

__all__ = ["PRELOAD_MODULES", "QUEUE_FOLDER", "job_kinds", "remove_abandoned_uploads", "report_file", "upload_folder"]

# Readers that the server process of jobs imports in advance.
_READERS = ("dlis.frames", "las.curves", "lis", "netcdf", "text.delimited")
# None of these modules starts threads, which the copies of a process would lack.
PRELOAD_MODULES = ("geobfdt.workflows.ingest", *(f"geobfdt.io.images.{reader}" for reader in _READERS))

# Name of the folder of the queue, in the field.
QUEUE_FOLDER = ".jobs"
# A picking job leaves its picks and breakouts in these files.
_PICKS_FILE, _BREAKOUTS_FILE = "picks.csv", "breakouts.csv"
# An upload job leaves in this file which wells it wrote, and which of them it replaced.
_WELLS_FILE = "wells.json"
# The newest reports are kept, up to this number.
_MAX_REPORTS = 50
# Reading a file may take this time, plus a time for each byte: some ten times what it usually takes.
_READING_S, _READING_S_PER_BYTE = 30.0, 0.25e-6
# Picking or reporting a well may take this time, plus a time for each byte of its image.
_WORK_S, _WORK_S_PER_BYTE = 900.0, 10e-6
# An upload folder this old without a job belongs to a server that was killed.
_ABANDONED_AFTER_S = 86400.0


def job_kinds(service: ReviewService, access_log: AccessLog) -> dict[str, JobKind]:
    """Return the kinds of jobs of a field."""
    field = service.wells.field.path

    def log_wells(job: str, parameters: Parameters, folder: Path) -> None:
        wells = json.loads((folder / _WELLS_FILE).read_text())
        who = {key: parameters[key] for key in ("client", "person") if parameters.get(key)}
        access_log.write({"job": job, "file": parameters["name"], **wells, **who})

    def merge_proposals(job: str, parameters: Parameters, folder: Path) -> None:
        # The key makes the edit unique: if the server is killed between the edit and the end of the job, the job runs
        # again and finds its edit in the log.
        well, layer, person = (parameters[name] for name in ("well", "layer", "person"))
        service.join(well, layer, person, read_picks(folder / _PICKS_FILE), key=f"job-{job}")
        service.propose_breakouts(well, read_breakouts(folder / _BREAKOUTS_FILE))

    def store_report(job: str, _: Parameters, folder: Path) -> None:
        (report,) = folder.glob("*.report.html")
        file = report_file(field, job)
        file.parent.mkdir(exist_ok=True)
        shutil.move(report, file)
        # The new report is kept even if the clock was ahead when the others were written.
        others = [one for one in file.parent.glob("*.html") if one != file]
        for old in sorted(others, key=lambda one: one.stat().st_mtime)[: 1 - _MAX_REPORTS]:
            old.unlink(missing_ok=True)

    def remove_upload(parameters: Parameters) -> None:
        shutil.rmtree(upload_folder(field) / parameters["folder"], ignore_errors=True)

    def reading_time(parameters: Parameters) -> float:
        upload: Path = upload_folder(field) / parameters["folder"] / parameters["name"]
        return _READING_S + _READING_S_PER_BYTE * upload.stat().st_size

    def working_time(parameters: Parameters) -> float:
        return _WORK_S + _WORK_S_PER_BYTE * service.wells.field.file(parameters["well"], ".nc").stat().st_size

    return {
        "pick": JobKind(_pick, (str(field), str(service.model)), on_success=merge_proposals, time_limit_s=working_time),
        "bring in": JobKind(
            _ingest_upload,
            (str(field),),
            on_success=log_wells,
            on_end=remove_upload,
            time_limit_s=reading_time,
            untrusted=True,
        ),
        "report": JobKind(_report, (str(field),), on_success=store_report, time_limit_s=working_time),
    }


def upload_folder(field: Path) -> Path:
    """Return the folder in which uploaded files wait for their jobs."""
    return field / QUEUE_FOLDER / "incoming"


def remove_abandoned_uploads(field: Path, jobs: JobQueue) -> None:
    """Delete uploads without a job that are older than a day: their server was killed while they were sent."""
    expected = {job.parameters.get("folder") for job in jobs.waiting()}
    for folder in upload_folder(field).glob("*"):
        if folder.name not in expected and time.time() - folder.stat().st_mtime > _ABANDONED_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)


def report_file(field: Path, job: str) -> Path:
    """Return the file of the report of a job."""
    return field / QUEUE_FOLDER / "reports" / f"{job}.html"


def _pick(field: str, model: str, parameters: Parameters, folder: str, report: Progress) -> None:
    """Pick a well; write picks and breakouts into the working folder, and the drift of its zones beside the well."""
    from geobfdt.wells.field import Field
    from geobfdt.workflows.propose import propose_picks

    file = Field(Path(field)).file(parameters["well"], ".nc")
    proposals = propose_picks(file, model, parameters["method"], report)
    write_picks(proposals.picks, Path(folder) / _PICKS_FILE)
    write_breakouts(proposals.breakouts, Path(folder) / _BREAKOUTS_FILE)


def _ingest_upload(field: str, parameters: Parameters, folder: str, report: Progress) -> None:
    """Read an uploaded file into the field."""
    from geobfdt.workflows.ingest import IngestOptions, ingest

    place = Path(field)
    sent = upload_folder(place) / parameters["folder"] / parameters["name"]
    before = {file.stem for file in place.glob("*.nc")}
    # Temporary files of readers are deleted with this folder.
    os.chdir(folder)
    options = IngestOptions(reading=parameters.get("options", {}), replace=parameters.get("replace", False))
    brought = ingest([sent], place, options, progress=report)
    wells = {"wells": sorted(brought), "replaced": sorted(before & set(brought))}
    (Path(folder) / _WELLS_FILE).write_text(json.dumps(wells))


def _report(field: str, parameters: Parameters, folder: str, report: Progress) -> None:
    """Write the report of a layer of a well."""
    from geobfdt.workflows.report import ReportOptions, report_field

    options = ReportOptions(layer=parameters["layer"], wells=(parameters["well"],))
    report_field(Path(field), Path(folder), options, progress=report)
