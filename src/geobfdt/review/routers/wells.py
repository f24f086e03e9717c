"""Routes of wells: what the screen draws, how a click snaps, and how two layers compare."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from geobfdt.review.schemas import ConsensusBody, PointsBody, file_response
from geobfdt.review.service import ReviewService
from geobfdt.review.tiles import LEVELS, TileVariable

__all__ = ["wells_router"]

# No well has as many tiles as this; larger numbers are refused before anything is computed.
_MAX_TILE_NUMBER = 1_000_000


def wells_router(service: ReviewService) -> APIRouter:
    """Make the routes of wells."""
    router = APIRouter(prefix="/api/wells")

    @router.get("")
    def wells() -> list[dict[str, Any]]:
        """List the wells of the field, with the progress of their layers."""
        return service.overview()

    @router.get("/{well}")
    def well_of(well: str) -> dict[str, Any]:
        """Return what the screen needs to draw a well."""
        description = service.describe(well)
        service.preload_detector(well)
        return description

    @router.get("/{well}/tiles/{variable}/{level}/{number}", **file_response("application/octet-stream"))
    def tile(well: str, variable: TileVariable, level: int, number: int) -> Response:
        """
        Return a tile row by row: one byte a pixel, 0 where nothing was measured, else 1 (black) to 255 (white).

        A tile of colours has four bytes a pixel: red, green, blue, and 255; all four are 0 where nothing was measured.
        """
        if not (0 <= level < LEVELS and 0 <= number < _MAX_TILE_NUMBER):
            raise HTTPException(404, "no such tile")
        pixels = service.wells.tile(well, variable, level, number)
        headers = {"cache-control": "private, max-age=60"}
        return Response(pixels, media_type="application/octet-stream", headers=headers)

    # The name keeps the operation id that clients of the API use.
    @router.post("/{well}/snap", name="snapped")
    def snap(well: str, body: PointsBody) -> dict[str, Any]:
        """Find the trace that one point most likely means, or that goes through three; nothing is stored."""
        if len(body.depth) != len(body.angle):
            raise HTTPException(422, "as many depths as angles")
        return service.snap(well, body.depth, body.angle, body.layer)

    @router.get("/{well}/compare")
    def compare(well: str, a: str, b: str) -> dict[str, Any]:
        """Compare two layers."""
        return service.compare(well, a, b)

    @router.post("/{well}/consensus")
    def consensus(request: Request, well: str, body: ConsensusBody) -> dict[str, Any]:
        """Fill the layer 'consensus' from two others."""
        request.state.person = body.person
        return service.consensus(well, body.a, body.b, body.person)

    return router
