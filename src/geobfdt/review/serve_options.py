"""Settings of the review server, which load no library of the extra ``review``."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, ConfigDict, Field, field_validator

from geobfdt.review.job_queue import DEFAULT_LIMITS
from geobfdt.runtime.findings import InputError

__all__ = ["ServeOptions"]


class ServeOptions(BaseModel):
    """
    Settings of ``geobfdt serve``, for the command line, the library and the application alike.

    Examples
    --------
    >>> ServeOptions(port=0).host
    '127.0.0.1'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen at; any but this machine's own needs a token")
    port: int = Field(8000, ge=0, le=65535, description="port; 0 takes any free one")
    token: str | None = Field(None, repr=False, description="password of the field; new makes one; None: none needed")
    proxies: tuple[str, ...] = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted"
    )
    # A screen that is dragged along a well sends a few tens.
    requests: int = Field(200, ge=1, description="requests a second that one address may send")
    model: str = Field("default", description="bundle that picks and snaps")
    max_upload_bytes: int = Field(4 << 30, gt=0, description="bytes of an uploaded file")
    max_job_s: float = Field(
        DEFAULT_LIMITS.job_s, gt=0, description="seconds that a job of no time limit of its own may take"
    )
    max_job_bytes: int = Field(
        DEFAULT_LIMITS.job_bytes, gt=0, description="memory that reading an uploaded file may take"
    )

    @field_validator("proxies")
    @classmethod
    def _proxies_are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError as error:
                cure = "give addresses or networks, as 127.0.0.1,10.0.0.0/8"
                raise InputError("--forwarded-allow-ips", f"{proxy!r} is no address", cure) from error
        return proxies
