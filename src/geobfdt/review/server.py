"""The server of the review screen: a small JSON API, and the page that uses it."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import geobfdt
from geobfdt.review.access import HEADER, HEALTH, SESSION, STATIC, Access, Login
from geobfdt.review.access_log import Audit
from geobfdt.review.health import Health
from geobfdt.review.job_queue import LEAST, FullError, Jobs
from geobfdt.review.job_tasks import PRELOAD, QUEUE, forget_torn, incoming, kinds, report_file
from geobfdt.review.rate_limiter import REQUESTS, Pace, client_of
from geobfdt.review.request_observer import Watched
from geobfdt.review.service import Room
from geobfdt.review.sessions import SECONDS, Sessions, check_token
from geobfdt.review.tiles import LEVELS
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.runtime.findings import InputError
from geobfdt.wells.field import file_stem
from geobfdt.wells.layers import ConflictError
from geobfdt.wells.picks import COLUMNS

__all__ = ["LARGEST_UPLOAD", "create_app"]

LARGEST_UPLOAD = 4 << 30

_NAME = r"^[^\x00-\x1f/\\]{1,60}$"
_SUFFIXES = (".dlis", ".lis", ".las", ".csv", ".txt", ".nc", ".png", ".tif", ".tiff", ".npz")
_LARGEST_INTEGER = 2**63 - 1  # What the database holds.

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
    seen: int | None = Field(None, ge=0, le=_LARGEST_INTEGER, description="version of the layer that was looked at")
    key: str | None = Field(None, min_length=8, max_length=64, description="of this edit; sent again, it is done once")


class PersonBody(_Body):
    """Who."""

    person: str = Name
    seen: int | None = Field(None, ge=0, le=_LARGEST_INTEGER, description="version of the layer that was looked at")


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


class UploadOptions(_Body):
    """What a file that is sent does not say of itself; see ``geobfdt ingest --help``."""

    replace: bool = Field(False, description="whether a well of its name gives way")
    well: str | None = Field(None, pattern=_NAME)
    image: str | None = Field(None, pattern=_NAME, description="mnemonic or name, where a file holds several")
    depth_unit: Literal["m", "cm", "mm", "ft", "in", "0.1 in"] | None = None
    top: float | None = Field(None, ge=-1e5, le=1e5, description="upper edge of the first row of a picture (m, MD)")
    bottom: float | None = Field(None, ge=-1e5, le=1e5, description="lower edge of its last row (m, MD)")
    diameter: float | None = Field(None, gt=0, lt=5, description="of the hole (m)")
    azimuth_reference: Literal["north", "high_side", "pseudo_north"] | None = None
    deviation: float | None = Field(None, ge=0, le=180, description="from vertical (deg)")
    hole_azimuth: float | None = Field(None, ge=0, le=360, description="from north (deg)")
    dark: Literal["low", "high"] | None = Field(None, description="which values are conductive")


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
    on_fatal: Callable[[], None] = lambda: None,
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
    on_fatal : callable, optional
        See :class:`geobfdt.review.job_queue.Jobs`.

    Returns
    -------
    FastAPI
        An ASGI application; its API is described at ``/api/docs.json``.

    Raises
    ------
    InputError
        If the field's log of reviews cannot be read or written, or the token can be guessed.
    """
    if token is not None:
        check_token(token)
    field = field.absolute()  # Jobs work in folders of their own.
    limiter = Pace(requests)
    audit = Audit(field / QUEUE / "audit", limiter)
    room = Room(field, model)
    work = Jobs(field / QUEUE, kinds(room, audit), PRELOAD, on_fatal=on_fatal, **(limits or {}))
    login = None
    if token is not None:
        login = Login(token, Sessions(token, field / QUEUE / "sessions.sqlite"), limiter)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        room.close()
        work.close()

    app = FastAPI(title="GeoBFDT review", version=geobfdt.__version__, openapi_url="/api/docs.json", docs_url=None,
                  redoc_url=None, lifespan=lifespan, responses=_REFUSALS, redirect_slashes=False)  # fmt: skip
    threading.Thread(target=room.warm).start()  # waited for at the end: one cut off while it imports hangs the exit
    forget_torn(field, work)
    health = Health(field, work, audit)
    app.add_middleware(Access, pace=limiter, login=login, largest_upload=largest_upload)
    app.add_middleware(Watched, told=(health.answered, audit.answered))  # around it: of what was refused, too

    @app.exception_handler(KeyError)
    def _absent(_: Request, error: KeyError) -> JSONResponse:
        return JSONResponse({"detail": f"{str(error.args[0])[:60]!r} is not here"}, 404)

    @app.exception_handler(ConflictError)
    def _conflict(_: Request, error: ConflictError) -> JSONResponse:
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

    @app.exception_handler(OverflowError)
    @app.exception_handler(ValueError)
    def _bad_value(_: Request, error: Exception) -> JSONResponse:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        return JSONResponse({"detail": detail[:300].encode(errors="replace").decode()}, 422)

    @app.get("/api/wells")
    def wells() -> list[dict[str, Any]]:
        """Wells of the field, and how far their layers are."""
        return room.overview()

    @app.get("/api/wells/{well}")
    def well_of(well: str) -> dict[str, Any]:
        """What is needed to draw a well."""
        description = room.describe(well)
        room.warm_detector(well)
        return description

    @app.get("/api/wells/{well}/tiles/{variable}/{level}/{number}", **_file("application/octet-stream"))
    def tile(well: str, variable: Literal["static", "dynamic"], level: int, number: int) -> Response:
        """A tile: one byte a pixel, row by row; 0 where nothing was measured, else 1 (black) to 255 (white)."""
        if not (0 <= level < LEVELS and 0 <= number < 1_000_000):
            raise HTTPException(404, "no such tile")
        cut = room.wells.tile(well, variable, level, number)
        return Response(cut, media_type="application/octet-stream", headers={"cache-control": "private, max-age=60"})

    @app.get("/api/wells/{well}/layers/{layer}")
    def state(
        request: Request, well: str, layer: str, after: int = Query(0, ge=0, le=_LARGEST_INTEGER),
        person: str | None = Query(None, pattern=_NAME),
    ) -> dict[str, Any]:  # fmt: skip
        """Items of a layer; with `after`, only those that changed after that version (null: gone)."""
        changes = room.since(well, layer, after, person) if after else room.state(well, layer, person)
        if not changes["items"]:  # The page asks once a second; nothing has left.
            request.state.audit = False
        return changes

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
    def log(well: str, layer: str, after: int = Query(0, ge=0, le=_LARGEST_INTEGER)) -> list[dict[str, Any]]:
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
        with room.log.lock:
            table = room.log.layer(well, layer).picks(name)[[*COLUMNS, "note"]]
        text = mark_text_columns(table).to_csv(index=False, float_format="%.6f", lineterminator="\n")
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
        return work.add("pick", f"picking {well}", asked).as_json()

    @app.post("/api/wells/{well}/report")
    def report(well: str, body: ReportBody) -> dict[str, Any]:
        """Queue the report of a layer; when the job is done it can be fetched."""
        room.wells.image(well)
        return work.add("report", f"reporting {well}", {"well": well, "layer": body.layer}).as_json()

    @app.get("/api/jobs/{job}/report", **_file("text/html"))
    def reported(job: str) -> FileResponse:
        """Report that a job made, as one HTML file."""
        done = work.get(job)
        file = report_file(field, done.id)
        if done.kind != "report" or not file.exists():
            raise HTTPException(404, "no report of this job; ask how far it is at /api/jobs")
        return FileResponse(file, filename=f"{file_stem(done.parameters['well'])}.report.html")

    @app.put("/api/uploads/{name}")
    async def upload(name: str, request: Request, options: Annotated[UploadOptions, Query()]) -> dict[str, Any]:
        """Bring a file in as a well of the field; it is read by a process with little time and memory."""
        if Path(name).suffix.lower() not in _SUFFIXES or Path(name).name != name or name.startswith("."):
            raise HTTPException(422, f"a file that ends in {', '.join(_SUFFIXES)} is needed")
        if options.replace:
            request.state.audit = {"replace": True}
        folder = uuid.uuid4().hex
        place = incoming(field) / folder
        place.mkdir(parents=True)
        try:
            with (place / name).open("wb") as out:
                async for part in request.stream():
                    if health.free() < LEAST + len(part):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    out.write(part)
            parameters = {
                "folder": folder, "name": name, "replace": options.replace,
                "options": options.model_dump(exclude={"replace"}, exclude_none=True),
                "client": client_of(request.scope), "person": getattr(request.state, "person", None),
            }  # fmt: skip
            return work.add("bring in", f"reading {name}", parameters).as_json()
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise HTTPException(
                507, f"the file cannot be kept here: {(error.strerror or 'unknown').lower()}"
            ) from error
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    @app.get(HEALTH, include_in_schema=False)
    async def healthy() -> JSONResponse:
        # Not in a thread: those may all be at work.
        trouble = health.trouble()
        return JSONResponse({"state": trouble or "ok"}, 503 if trouble else 200)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(health.metrics(), media_type="text/plain; version=0.0.4")

    @app.post(SESSION, include_in_schema=False)
    async def begin_session(request: Request, token: str = Body("", embed=True, max_length=1000)) -> Response:
        if login is None:
            raise HTTPException(404, "this server has no token")
        if not login.is_token(token):
            return login.refuse(client_of(request.scope))
        answer = JSONResponse({"seconds": SECONDS})
        login.begin(answer, request.scope["scheme"])
        return answer

    @app.get(SESSION, include_in_schema=False)
    async def session() -> dict[str, bool]:
        return {"token": login is not None}

    @app.delete(SESSION, include_in_schema=False)
    async def end_session(request: Request) -> Response:
        answer = JSONResponse({})
        if login is not None:
            login.end(request.headers, answer)
        return answer

    @app.get("/api/jobs")
    def jobs_of() -> list[dict[str, Any]]:
        """What was queued."""
        return [job.as_json() for job in work.all()]

    @app.get("/api/jobs/{job}")
    def job_of(job: str) -> dict[str, Any]:
        """How far a job is."""
        return work.get(job).as_json()

    @app.delete("/api/jobs/{job}")
    def cancel(job: str) -> dict[str, Any]:
        """End a job that waits or is under way."""
        return work.cancel(job).as_json()

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _file(kind: str) -> dict[str, Any]:
    """What the API says of itself where the answer is no JSON."""
    return {"response_class": Response, "responses": {200: {"content": {kind: {}}}}}


def _named(layer: str) -> None:
    if not 1 <= len(layer) <= 60 or any(ord(c) < 32 for c in layer):
        raise HTTPException(422, "a layer is called by 1 to 60 letters")
