"""The server of the review screen: a small JSON API, and the page that uses it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError

from geobfdt._version import __version__
from geobfdt.review.access import STATIC_FOLDER, Access, Login
from geobfdt.review.access_log import AccessLog
from geobfdt.review.health import Health
from geobfdt.review.job_queue import BusyError, JobQueue, QueueLimits
from geobfdt.review.job_tasks import PRELOAD_MODULES, QUEUE_FOLDER, job_kinds, remove_abandoned_uploads
from geobfdt.review.rate_limiter import RateLimiter
from geobfdt.review.request_observer import RequestObserver
from geobfdt.review.routers.jobs import jobs_router
from geobfdt.review.routers.layers import layers_router
from geobfdt.review.routers.system import system_router
from geobfdt.review.routers.wells import wells_router
from geobfdt.review.schemas import ERROR_RESPONSES
from geobfdt.review.serve_options import ServeOptions
from geobfdt.review.service import ReviewService
from geobfdt.review.sessions import Sessions, check_token
from geobfdt.runtime.findings import InputError
from geobfdt.wells.layers import ConflictError

__all__ = ["create_app"]

DEFAULTS = ServeOptions()


def create_app(
    field: Path, options: ServeOptions = DEFAULTS, *, on_fatal: Callable[[], None] = lambda: None
) -> FastAPI:
    """
    Make the application.

    Parameters
    ----------
    field : Path
        Folder of wells.
    options : ServeOptions
        Token, model and limits; its address is that of whoever runs the application.
    on_fatal : callable, optional
        See :class:`geobfdt.review.job_queue.JobQueue`.

    Returns
    -------
    FastAPI
        An ASGI application; its API is described at ``/api/docs.json``.

    Raises
    ------
    InputError
        If the field's log of reviews cannot be read or written, or the token can be guessed.
    """
    token = options.token
    if token is not None:
        check_token(token)
    # Jobs work in folders of their own, so that a relative path would point elsewhere.
    field = field.absolute()
    rate_limiter = RateLimiter(options.requests)
    # The folder keeps its name, so that the logs of earlier versions are continued.
    access_log = AccessLog(field / QUEUE_FOLDER / "audit", rate_limiter)
    service = ReviewService(field, options.model)
    kinds = job_kinds(service, access_log)
    jobs = JobQueue(
        field / QUEUE_FOLDER, kinds, PRELOAD_MODULES,
        limits=QueueLimits(options.max_job_s, options.max_job_bytes), on_fatal=on_fatal,
    )  # fmt: skip
    login = None
    if token is not None:
        login = Login(token, Sessions(token, field / QUEUE_FOLDER / "sessions.sqlite"), rate_limiter)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()
        jobs.close()

    app = FastAPI(title="GeoBFDT review", version=__version__, openapi_url="/api/docs.json", docs_url=None,
                  redoc_url=None, lifespan=lifespan, responses=ERROR_RESPONSES, redirect_slashes=False)  # fmt: skip
    # Python waits for this thread at the end: a daemon thread that is stopped during an import hangs the exit.
    threading.Thread(target=service.preload).start()
    remove_abandoned_uploads(field, jobs)
    health = Health(field, jobs, access_log)
    app.add_middleware(Access, rate_limiter=rate_limiter, login=login, largest_upload=options.max_upload_bytes)
    # The observer is the outermost middleware, so that it also counts the requests that Access refuses.
    app.add_middleware(RequestObserver, observers=(health.on_answer, access_log.on_answer))
    _add_error_handlers(app)
    app.include_router(wells_router(service))
    app.include_router(layers_router(service))
    app.include_router(jobs_router(field, service, jobs, health))
    app.include_router(system_router(health, login))
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    return app


def _add_error_handlers(app: FastAPI) -> None:
    """Answer each kind of error with a status and one line."""

    @app.exception_handler(KeyError)
    def _absent(_: Request, error: KeyError) -> JSONResponse:
        return JSONResponse({"detail": f"{str(error.args[0])[:60]!r} is not here"}, 404)

    @app.exception_handler(ConflictError)
    def _conflict(_: Request, error: ConflictError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 409)

    @app.exception_handler(BusyError)
    def _busy(_: Request, error: BusyError) -> JSONResponse:
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
