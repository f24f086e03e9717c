"""Routes of the server itself: the page, its health, its numbers, and sessions."""

from __future__ import annotations

from fastapi import APIRouter, Body, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from geobfdt.review.access import HEALTH_PATH, SESSION_PATH, STATIC_FOLDER, Login
from geobfdt.review.health import Health
from geobfdt.review.rate_limiter import client_address
from geobfdt.review.sessions import SESSION_S

__all__ = ["system_router"]


def system_router(health: Health, login: Login | None) -> APIRouter:
    """Make the routes of the server itself; the API does not describe them."""
    router = APIRouter(include_in_schema=False)

    # This route is asynchronous because the threads of the server may all be busy.
    @router.get(HEALTH_PATH)
    async def state_of_server() -> JSONResponse:
        problem = health.problem()
        return JSONResponse({"state": "ok" if problem is None else problem}, 200 if problem is None else 503)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(health.metrics(), media_type="text/plain; version=0.0.4")

    @router.post(SESSION_PATH)
    async def begin_session(request: Request, token: str = Body("", embed=True, max_length=1000)) -> Response:
        if login is None:
            raise HTTPException(404, "this server has no token")
        if not login.is_token(token):
            return login.refuse(client_address(request.scope))
        answer = JSONResponse({"seconds": SESSION_S})
        login.begin(answer, request.scope["scheme"])
        return answer

    @router.get(SESSION_PATH)
    async def session() -> dict[str, bool]:
        return {"token": login is not None}

    @router.delete(SESSION_PATH)
    async def end_session(request: Request) -> Response:
        answer = JSONResponse({})
        if login is not None:
            login.end(request.headers, answer)
        return answer

    @router.get("/")
    def page() -> FileResponse:
        return FileResponse(STATIC_FOLDER / "index.html")

    return router
