"""Routes of layers: items, edits, the log, and the pick table."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Query, Request, Response

from geobfdt.review.schemas import MAX_INTEGER, NAME_PATTERN, BeginBody, EditBody, PersonBody, file_response
from geobfdt.review.service import ReviewService
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.wells.picks import COLUMNS

__all__ = ["layers_router"]


def layers_router(service: ReviewService) -> APIRouter:
    """Make the routes of layers."""
    router = APIRouter(prefix="/api/wells/{well}/layers/{layer}")

    @router.get("")
    def state(
        request: Request, well: str, layer: str, after: int = Query(0, ge=0, le=MAX_INTEGER),
        person: str | None = Query(None, pattern=NAME_PATTERN),
    ) -> dict[str, Any]:  # fmt: skip
        """Return the items of a layer; with `after`, only those that changed after that version (null: removed)."""
        changes = service.since(well, layer, after, person) if after else service.state(well, layer, person)
        if not changes["items"]:
            # The page asks once a second. An answer without items gives no data away, and needs no line in the log.
            request.state.log_fields = False
        return changes

    @router.post("/edits")
    def edit(request: Request, well: str, layer: str, body: EditBody) -> dict[str, Any]:
        """Change items. 409 if another person changed one of them since `seen`."""
        request.state.person = body.person
        _check_layer_name(layer)
        return service.edit(well, layer, body)

    @router.post("/undo")
    def undo(request: Request, well: str, layer: str, body: PersonBody) -> dict[str, Any]:
        """Undo the last edit of the person that counts."""
        request.state.person = body.person
        return service.undo(well, layer, body.person, client_version=body.client_version)

    @router.post("/redo")
    def redo(request: Request, well: str, layer: str, body: PersonBody) -> dict[str, Any]:
        """Redo what the person undid last."""
        request.state.person = body.person
        return service.undo(well, layer, body.person, again=True, client_version=body.client_version)

    @router.post("/begin")
    def begin(request: Request, well: str, layer: str, body: BeginBody) -> dict[str, Any]:
        """Copy picks into a layer; what was reviewed there stays."""
        request.state.person = body.person
        _check_layer_name(layer)
        return service.begin(well, layer, body.person, body.source, body.key)

    @router.get("/log")
    def log(well: str, layer: str, after: int = Query(0, ge=0, le=MAX_INTEGER)) -> list[dict[str, Any]]:
        """Return who did what, and when (s since 1970)."""
        edits = service.log.edits(well, layer, after)
        return [
            {"id": e.id, "at": e.at, "person": e.person, "kind": e.kind, "of": e.target, "items": list(e.items)}
            for e in edits
        ]

    @router.get("/picks.csv", **file_response("text/csv"))
    def picks(well: str, layer: str) -> Response:
        """Return the pick table of a layer, with its notes."""
        name = service.describe(well)["name"]
        with service.log.lock:
            table = service.log.layer(well, layer).picks(name)[[*COLUMNS, "note"]]
        text = mark_text_columns(table).to_csv(index=False, float_format="%.6f", lineterminator="\n")
        return Response(text, media_type="text/csv")

    @router.get("/pace")
    def pace(well: str, layer: str, person: str) -> dict[str, float]:
        """Return how fast a person reviews."""
        service.wells.image(well)
        return service.review_pace(well, layer, person)

    return router


def _check_layer_name(layer: str) -> None:
    if not 1 <= len(layer) <= 60 or any(ord(c) < 32 for c in layer):
        raise HTTPException(422, "the name of a layer has 1 to 60 characters")
