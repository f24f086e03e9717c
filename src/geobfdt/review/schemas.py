"""Bodies of requests and answers of the API."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from geobfdt.review.access import CHANGE_HEADER

__all__ = [
    "ERROR_RESPONSES",
    "MAX_INTEGER",
    "NAME_PATTERN",
    "BeginBody",
    "ConsensusBody",
    "EditBody",
    "PersonBody",
    "PickBody",
    "PointsBody",
    "ReportBody",
    "UploadOptions",
    "file_response",
]

# The database holds integers up to this one.
MAX_INTEGER = 2**63 - 1
# A name has up to 60 characters, and none that a path or a line of a log cannot hold.
NAME_PATTERN = r"^[^\x00-\x1f/\\]{1,60}$"

Name = Field(pattern=NAME_PATTERN)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Refused(_Body):
    """Why a request was refused."""

    detail: str


# Every route may give these answers; the API describes them.
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"model": Refused, "description": reason}
    for code, reason in {
        400: "The body is not JSON",
        401: "The token is missing or wrong",
        403: f"A change without the header {CHANGE_HEADER}, or a request by the name of another host",
        404: "There is no such thing",
        409: "Another person changed it",
        413: "The body is too large",
        422: "The request is not valid",
        429: "Too many requests at once",
        507: "The disk is full",
    }.items()
}


class PersonBody(_Body):
    """A change by a person."""

    person: str = Name
    client_version: int | None = Field(
        None, alias="seen", ge=0, le=MAX_INTEGER, description="version of the layer that the person had on the screen"
    )


class EditBody(PersonBody):
    """An edit of a layer."""

    kind: str = Field("edit", pattern=r"^[a-z-]{1,20}$", description="name of the edit in the log")
    items: dict[str, Any] = Field(
        max_length=100_000,
        description="new fields by item; null removes one. Picks are p..., intervals i..., breakouts b..., vugs v...",
    )
    key: str | None = Field(
        None, min_length=8, max_length=64, description="of this edit; an edit that is sent again is made once"
    )


class BeginBody(PersonBody):
    """Where the picks of a layer come from."""

    source: str = Field("field", description="'field' for the picks of the interpreter there, or another layer")
    key: str | None = Field(None, min_length=8, max_length=64)


class PointsBody(_Body):
    """One point of a trace, or three."""

    depth: list[float] = Field(min_length=1, max_length=3)
    angle: list[float] = Field(min_length=1, max_length=3)
    layer: str | None = Field(None, pattern=NAME_PATTERN, description="layer whose picks are not proposed again")


class PickBody(PersonBody):
    """How to pick a well."""

    layer: str = Name
    method: Literal["network", "hough"] = "network"


class UploadOptions(_Body):
    """What an uploaded file does not say; see ``geobfdt ingest --help``."""

    replace: bool = Field(False, description="whether to replace a well of the same name")
    well: str | None = Field(None, pattern=NAME_PATTERN)
    image: str | None = Field(None, pattern=NAME_PATTERN, description="mnemonic or name, where a file holds several")
    depth_unit: Literal["m", "cm", "mm", "ft", "in", "0.1 in"] | None = None
    top: float | None = Field(None, ge=-1e5, le=1e5, description="upper edge of the first row of a picture (m, MD)")
    bottom: float | None = Field(None, ge=-1e5, le=1e5, description="lower edge of its last row (m, MD)")
    diameter: float | None = Field(None, gt=0, lt=5, description="of the hole (m)")
    azimuth_reference: Literal["north", "high_side", "pseudo_north"] | None = None
    deviation: float | None = Field(None, ge=0, le=180, description="from vertical (deg)")
    hole_azimuth: float | None = Field(None, ge=0, le=360, description="from north (deg)")
    dark: Literal["low", "high"] | None = Field(None, description="which values are conductive")


class ReportBody(_Body):
    """The layer to report."""

    layer: str = Name


class ConsensusBody(PersonBody):
    """Two layers."""

    a: str = Name
    b: str = Name


def file_response(media_type: str) -> dict[str, Any]:
    """Describe a route that answers with a file, not with JSON."""
    return {"response_class": Response, "responses": {200: {"content": {media_type: {}}}}}
