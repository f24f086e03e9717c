"""Routes of jobs: picking, reporting and reading an uploaded file, which take longer than a request may."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse

from geobfdt.review.health import Health
from geobfdt.review.job_queue import MIN_FREE_BYTES, JobQueue
from geobfdt.review.job_tasks import report_file, upload_folder
from geobfdt.review.rate_limiter import client_address
from geobfdt.review.schemas import PickBody, ReportBody, UploadOptions, file_response
from geobfdt.review.service import ReviewService
from geobfdt.wells.field import file_stem

__all__ = ["jobs_router"]

# Files with these suffixes can be read.
_SUFFIXES = (".dlis", ".lis", ".las", ".csv", ".txt", ".nc", ".png", ".tif", ".tiff", ".npz")


def jobs_router(field: Path, service: ReviewService, jobs: JobQueue, health: Health) -> APIRouter:
    """Make the routes of jobs."""
    router = APIRouter(prefix="/api")

    @router.post("/wells/{well}/pick")
    def pick(request: Request, well: str, body: PickBody) -> dict[str, Any]:
        """Queue the picker; its picks join the layer."""
        request.state.person = body.person
        service.wells.image(well)
        service.check_takes_picks(body.layer)
        parameters = {"well": well, "layer": body.layer, "person": body.person, "method": body.method}
        return jobs.add("pick", f"picking {well}", parameters).as_json()

    @router.post("/wells/{well}/report")
    def report(well: str, body: ReportBody) -> dict[str, Any]:
        """Queue the report of a layer; it can be fetched when the job is done."""
        service.wells.image(well)
        return jobs.add("report", f"reporting {well}", {"well": well, "layer": body.layer}).as_json()

    # The name keeps the operation id that clients of the API use.
    @router.get("/jobs/{job}/report", name="reported", **file_response("text/html"))
    def fetch_report(job: str) -> FileResponse:
        """Return the report that a job wrote, as one HTML file."""
        entry = jobs.get(job)
        file = report_file(field, entry.id)
        if entry.kind != "report" or not file.exists():
            raise HTTPException(404, "no report of this job; its state is at /api/jobs")
        return FileResponse(file, filename=f"{file_stem(entry.parameters['well'])}.report.html")

    @router.put("/uploads/{name}")
    async def upload(name: str, request: Request, options: Annotated[UploadOptions, Query()]) -> dict[str, Any]:
        """Queue the reading of a file as a well of the field, by a process with little time and memory."""
        _check_file_name(name)
        if options.replace:
            request.state.log_fields = {"replace": True}
        folder = uuid.uuid4().hex
        place = upload_folder(field) / folder
        place.mkdir(parents=True)
        try:
            await _receive_file(request, place / name, health)
            parameters = {
                "folder": folder, "name": name, "replace": options.replace,
                "options": options.model_dump(exclude={"replace"}, exclude_none=True),
                "client": client_address(request.scope), "person": getattr(request.state, "person", None),
            }  # fmt: skip
            return jobs.add("bring in", f"reading {name}", parameters).as_json()
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            reason = (error.strerror or "unknown").lower()
            raise HTTPException(507, f"the file cannot be kept here: {reason}") from error
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    @router.get("/jobs")
    def jobs_of() -> list[dict[str, Any]]:
        """List the jobs."""
        return [job.as_json() for job in jobs.all()]

    @router.get("/jobs/{job}")
    def job_of(job: str) -> dict[str, Any]:
        """Return the state of a job."""
        return jobs.get(job).as_json()

    @router.delete("/jobs/{job}")
    def cancel(job: str) -> dict[str, Any]:
        """End a job that waits or runs."""
        return jobs.cancel(job).as_json()

    return router


def _check_file_name(name: str) -> None:
    if Path(name).suffix.lower() not in _SUFFIXES or Path(name).name != name or name.startswith("."):
        raise HTTPException(422, f"a file that ends in {', '.join(_SUFFIXES)} is needed")


async def _receive_file(request: Request, file: Path, health: Health) -> None:
    """Write the body of a request to a file, and stop before the disk is full."""
    with file.open("wb") as out:
        async for part in request.stream():
            if health.free() < MIN_FREE_BYTES + len(part):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            out.write(part)
