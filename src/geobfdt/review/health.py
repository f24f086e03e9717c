"""How the server is: one line for whoever restarts it, numbers for whoever watches it."""

from __future__ import annotations

import shutil
import time
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geobfdt.review.audit import Audit
from geobfdt.review.jobs import LEAST, Jobs

__all__ = ["Health", "Measured"]


class Health(Collector):
    """
    State of a server.

    Parameters
    ----------
    field : Path
        Its field.
    jobs : Jobs
        Its queue.
    audit : Audit
        Its log.
    """

    def __init__(self, field: Path, jobs: Jobs, audit: Audit) -> None:
        self.field, self.jobs, self.audit = field, jobs, audit
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "geobfdt_requests", "Requests answered", ["method", "path", "status"], registry=self.registry
        )
        self.seconds = Histogram("geobfdt_request_seconds", "Time to answer", ["path"], registry=self.registry)
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Numbers that are read when they are asked for."""
        states = Tally(job.state for job in self.jobs.all())
        jobs = GaugeMetricFamily(
            "geobfdt_jobs", "Jobs in the queue, finished ones among the last 100", labels=["state"]
        )
        for state in ("waiting", "running", "done", "failed"):
            jobs.add_metric([state], states[state])
        yield jobs
        yield GaugeMetricFamily("geobfdt_disk_free_bytes", "Free on the field's disk", value=self.free())

    def metrics(self) -> bytes:
        """All numbers, as Prometheus reads them."""
        return generate_latest(self.registry)

    def trouble(self) -> str:
        """What needs somebody, in a line; empty if nothing does."""
        if not self.jobs.working():
            return "jobs are not worked off"
        if self.free() < LEAST:
            return f"less than {LEAST >> 20} MiB free"
        return self.audit.trouble

    def free(self) -> int:
        """Bytes free on the field's disk."""
        return shutil.disk_usage(self.field).free


class Measured:
    """
    ASGI middleware that counts and times requests.

    Parameters
    ----------
    app : ASGI application
        What answers.
    health : Health
        Where it is put down.
    """

    def __init__(self, app: ASGIApp, health: Health) -> None:
        self.app, self.health = app, health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and look at the clock."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            # The pattern, not the path: who asks for a million names must not make a million counters.
            path = getattr(scope.get("route"), "path", "other")
            self.health.requests.labels(scope["method"], path, str(status)).inc()
            self.health.seconds.labels(path).observe(time.perf_counter() - began)
