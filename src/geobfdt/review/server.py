"""The server of the review screen: a small JSON API, and the page that uses it."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import geobfdt
from geobfdt.review.access import HEADER, Access
from geobfdt.review.audit import Audit
from geobfdt.review.health import Health
from geobfdt.review.jobs import LEAST, FullError, Jobs
from geobfdt.review.pace import REQUESTS, Pace
from geobfdt.review.room import Room
from geobfdt.review.tiles import LEVELS
from geobfdt.review.watched import Watched
from geobfdt.review.work import PRELOAD, QUEUE, forget_torn, incoming, kinds, report_file
from geobfdt.wells.field import file_stem
from geobfdt.wells.findings import InputError
from geobfdt.wells.layers import StaleError
from geobfdt.wells.picks import COLUMNS

__all__ = ["LARGEST_UPLOAD", "create_app"]

LARGEST_UPLOAD = 4 << 30

_STATIC = Path(__file__).parent / "static"
_NAME = r"^[^\x00-\x1f/\\]{1,60}$"
_SUFFIXES = (".dlis", ".lis", ".las", ".csv", ".txt", ".nc")

Name = Field(pattern=_NAME)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Refused(_Body):
    """Why something is not done."""

    detail: str


_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refused, "description": why}
    for code, why in {
        400: "The body is no JSON",
        401: "Without a token, or with a wrong one",
        403: f"A change without the header {HEADER}, or by another host's name",
        404: "It is not here",
        409: "Somebody else changed it",
        413: "Too large",
        422: "Not as it has to be",
        429: "Too much at once",
        507: "No room",
    }.items()
}


class EditBody(_Body):
    """An edit of a layer."""

    person: str = Name
    kind: str = Field("edit", pattern=r"^[a-z-]{1,20}$", description="what it is called in the log")
    items: dict[str, Any] = Field(
        max_length=100_000, description="fields by item; null takes an item away. Picks are p..., intervals i..."
    )
    seen: int | None = Field(None, ge=0, description="version of the layer that was looked at")
    key: str | None = Field(None, min_length=8, max_length=64, description="of this edit; sent again, it is done once")


class PersonBody(_Body):
    """Who."""

    person: str = Name
    seen: int | None = Field(None, ge=0, description="version of the layer that was looked at")


class BeginBody(PersonBody):
    """Where the picks of a layer come from."""

    source: str = Field("field", description="'field' for the interpreter's picks there, or another layer")
    key: str | None = Field(None, min_length=8, max_length=64)


class PointsBody(_Body):
    """One point of a trace, or three."""

    depth: list[float] = Field(min_length=1, max_length=3)
    angle: list[float] = Field(min_length=1, max_length=3)
    layer: str | None = Field(None, pattern=_NAME, description="whose picks are not meant, since they are there")


class PickBody(PersonBody):
    """How to pick a well."""

    layer: str = Name
    method: Literal["network", "hough"] = "network"


class ReportBody(_Body):
    """What to report."""

    layer: str = Name


class ConsensusBody(PersonBody):
    """Two layers."""

    a: str = Name
    b: str = Name


def create_app(
    field: Path,
    *,
    token: str | None = None,
    model: str = "default",
    largest_upload: int = LARGEST_UPLOAD,
    limits: dict[str, int] | None = None,
    requests: int = REQUESTS,
) -> FastAPI:
    """
    Make the application.

    Parameters
    ----------
    field : Path
        Folder of wells.
    token : str, optional
        See :class:`geobfdt.review.access.Access`.
    model : str
        Bundle that picks and snaps.
    largest_upload : int
        Bytes of a file that may be sent.
    limits : dict, optional
        ``seconds`` and ``memory`` (bytes) that reading a file that was sent may take.
    requests : int
        A second, that one address may make.

    Returns
    -------
    FastAPI
        An ASGI application; its API is described at ``/api/docs.json``.

    Raises
    ------
    InputError
        If the field's log of reviews cannot be read or written.
    """
    room = Room(field, model)
    work = Jobs(field / QUEUE, kinds(room), PRELOAD, **(limits or {}))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        work.close()

    app = FastAPI(title="GeoBFDT review", version=geobfdt.__version__, openapi_url="/api/docs.json", docs_url=None,
                  redoc_url=None, lifespan=lifespan, responses=_REFUSALS)  # fmt: skip
    threading.Thread(target=room.warm).start()  # waited for at the end: one cut off while it imports hangs the exit
    forget_torn(field, work)
    limiter = Pace(requests)
    audit = Audit(field / QUEUE / "audit", limiter)
    health = Health(field, work, audit)
    app.add_middleware(Access, pace=limiter, token=token, largest_upload=largest_upload)
    app.add_middleware(Watched, told=(health.answered, audit.answered))  # around it: of what was refused, too

    @app.exception_handler(KeyError)
    def _absent(_: Request, error: KeyError) -> JSONResponse:
        return JSONResponse({"detail": f"{str(error.args[0])[:60]!r} is not here"}, 404)

    @app.exception_handler(StaleError)
    def _stale(_: Request, error: StaleError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 409)

    @app.exception_handler(FullError)
    def _full(_: Request, error: FullError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 429, {"retry-after": "60"})

    @app.exception_handler(InputError)
    def _bad_input(_: Request, error: InputError) -> JSONResponse:
        return JSONResponse({"detail": error.apart()}, 422)

    @app.exception_handler(RequestValidationError)
    def _bad_request(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return JSONResponse({"detail": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:300]}, 422)

    @app.exception_handler(ValueError)
    def _bad_value(_: Request, error: ValueError) -> JSONResponse:
        told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        return JSONResponse({"detail": told[:300]}, 422)

    @app.get("/api/wells")
    def wells() -> list[dict[str, Any]]:
        """Wells of the field, and how far their layers are."""
        return room.overview()

    @app.get("/api/wells/{well}")
    def well_of(well: str) -> dict[str, Any]:
        """What is needed to draw a well."""
        return room.describe(well)

    @app.get("/api/wells/{well}/tiles/{variable}/{level}/{number}", **_file("application/octet-stream"))
    def tile(well: str, variable: Literal["static", "dynamic"], level: int, number: int) -> Response:
        """A tile: one byte a pixel, row by row; 0 where nothing was measured, else 1 (black) to 255 (white)."""
        if not (0 <= level < LEVELS and 0 <= number < 1_000_000):
            raise HTTPException(404, "no such tile")
        cut = room.wells.tile(well, variable, level, number)
        return Response(cut, media_type="application/octet-stream", headers={"cache-control": "private, max-age=60"})

    @app.get("/api/wells/{well}/layers/{layer}")
    def state(well: str, layer: str, after: int = Query(0, ge=0)) -> dict[str, Any]:
        """Items of a layer; with `after`, only those that changed after that version (null: gone)."""
        return room.since(well, layer, after) if after else room.state(well, layer)

    @app.post("/api/wells/{well}/layers/{layer}/edits")
    def edit(request: Request, well: str, layer: str, body: EditBody) -> dict[str, Any]:
        """Change items. 409 if somebody else changed one of them since `seen`."""
        request.state.person = body.person
        _named(layer)
        return room.edit(well, layer, body.person, body.kind, body.items, body.seen, body.key)

    @app.post("/api/wells/{well}/layers/{layer}/undo")
    def undo(request: Request, well: str, layer: str, body: PersonBody) -> dict[str, Any]:
        """Undo the person's last edit that counts."""
        request.state.person = body.person
        return room.undo(well, layer, body.person, seen=body.seen)

    @app.post("/api/wells/{well}/layers/{layer}/redo")
    def redo(request: Request, well: str, layer: str, body: PersonBody) -> dict[str, Any]:
        """Do again what the person undid last."""
        request.state.person = body.person
        return room.undo(well, layer, body.person, again=True, seen=body.seen)

    @app.post("/api/wells/{well}/layers/{layer}/begin")
    def begin(request: Request, well: str, layer: str, body: BeginBody) -> dict[str, Any]:
        """Bring picks into a layer; what was reviewed there stays."""
        request.state.person = body.person
        _named(layer)
        return room.begin(well, layer, body.person, body.source, body.key)

    @app.get("/api/wells/{well}/layers/{layer}/log")
    def log(well: str, layer: str, after: int = Query(0, ge=0)) -> list[dict[str, Any]]:
        """Who did what, and when (s since 1970)."""
        edits = room.log.edits(well, layer, after)
        return [
            {"id": e.id, "at": e.at, "person": e.person, "kind": e.kind, "of": e.target, "items": list(e.items)}
            for e in edits
        ]

    @app.get("/api/wells/{well}/layers/{layer}/picks.csv", **_file("text/csv"))
    def picks(well: str, layer: str) -> Response:
        """Pick table of a layer, its notes included."""
        name = room.describe(well)["name"]
        table = room.log.layer(well, layer).picks(name)[[*COLUMNS, "note"]]
        text = table.to_csv(index=False, float_format="%.6f", lineterminator="\n")
        return Response(text, media_type="text/csv")

    @app.get("/api/wells/{well}/layers/{layer}/pace")
    def pace(well: str, layer: str, person: str) -> dict[str, float]:
        """How fast a person reviews."""
        room.wells.image(well)
        return room.pace(well, layer, person)

    @app.post("/api/wells/{well}/snap")
    def snapped(well: str, body: PointsBody) -> dict[str, Any]:
        """Trace that one point, or three, most likely mean; nothing is stored."""
        if len(body.depth) != len(body.angle):
            raise HTTPException(422, "as many depths as angles")
        return room.snap(well, body.depth, body.angle, body.layer)

    @app.get("/api/wells/{well}/compare")
    def compare(well: str, a: str, b: str) -> dict[str, Any]:
        """How far two layers agree."""
        return room.compare(well, a, b)

    @app.post("/api/wells/{well}/consensus")
    def consensus(request: Request, well: str, body: ConsensusBody) -> dict[str, Any]:
        """Fill the layer 'consensus' from two others."""
        request.state.person = body.person
        return room.consensus(well, body.a, body.b, body.person)

    @app.post("/api/wells/{well}/pick")
    def pick(request: Request, well: str, body: PickBody) -> dict[str, Any]:
        """Queue the picker; its picks join the layer."""
        request.state.person = body.person
        room.wells.image(well)
        asked = {"well": well, "layer": body.layer, "person": body.person, "method": body.method}
        return work.add("pick", f"picking {well}", asked).told()

    @app.post("/api/wells/{well}/report")
    def report(well: str, body: ReportBody) -> dict[str, Any]:
        """Queue the report of a layer; when the job is done it can be fetched."""
        room.wells.image(well)
        return work.add("report", f"reporting {well}", {"well": well, "layer": body.layer}).told()

    @app.get("/api/jobs/{job}/report", **_file("text/html"))
    def reported(job: str) -> FileResponse:
        """Report that a job made, as one HTML file."""
        done = work.get(job)
        file = report_file(field, done.id)
        if done.kind != "report" or not file.exists():
            raise HTTPException(404, "no report of this job; ask how far it is at /api/jobs")
        return FileResponse(file, filename=f"{file_stem(done.parameters['well'])}.report.html")

    @app.put("/api/uploads/{name}")
    async def upload(name: str, request: Request, replace: bool = False) -> dict[str, Any]:
        """Bring a file in as a well of the field; it is read by a process with little time and memory."""
        if Path(name).suffix.lower() not in _SUFFIXES or Path(name).name != name or name.startswith("."):
            raise HTTPException(422, f"a file that ends in {', '.join(_SUFFIXES)} is wanted")
        folder = uuid.uuid4().hex
        place = incoming(field) / folder
        place.mkdir(parents=True)
        try:
            with (place / name).open("wb") as out:
                async for part in request.stream():
                    if health.free() < LEAST + len(part):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    out.write(part)
            asked = {"folder": folder, "name": name, "replace": replace}
            return work.add("bring in", f"reading {name}", asked).told()
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise HTTPException(
                507, f"the file cannot be kept here: {(error.strerror or 'unknown').lower()}"
            ) from error
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    @app.get("/health", include_in_schema=False)
    def healthy() -> JSONResponse:
        trouble = health.trouble()
        return JSONResponse({"state": trouble or "ok"}, 503 if trouble else 200)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(health.metrics(), media_type="text/plain; version=0.0.4")

    @app.get("/api/jobs")
    def jobs_of() -> list[dict[str, Any]]:
        """What was queued."""
        return [job.told() for job in work.all()]

    @app.get("/api/jobs/{job}")
    def job_of(job: str) -> dict[str, Any]:
        """How far a job is."""
        return work.get(job).told()

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(_STATIC / "index.html")

    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app


def _file(kind: str) -> dict[str, Any]:
    """What the API says of itself where the answer is no JSON."""
    return {"response_class": Response, "responses": {200: {"content": {kind: {}}}}}


def _named(layer: str) -> None:
    if not 1 <= len(layer) <= 60 or any(ord(c) < 32 for c in layer):
        raise HTTPException(422, "a layer is called by 1 to 60 letters")
