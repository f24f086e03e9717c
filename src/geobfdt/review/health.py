"""How the server is: one line for whoever restarts it, numbers for whoever watches it."""

from __future__ import annotations

import shutil
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from geobfdt.review.access_log import METHODS, Audit
from geobfdt.review.job_queue import ENDED, LEAST, Jobs

__all__ = ["Health"]


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
        for state in ("waiting", "running", *ENDED):
            jobs.add_metric([state], states[state])
        yield jobs
        yield GaugeMetricFamily("geobfdt_disk_free_bytes", "Free on the field's disk", value=self.free())

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request."""
        # The pattern, not the path; known methods only: whoever invents a million must not make a million counters.
        path = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.requests.labels(method, path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def metrics(self) -> bytes:
        """All numbers, as Prometheus reads them."""
        return generate_latest(self.registry)

    def trouble(self) -> str:
        """What needs somebody, in a line; empty if nothing does."""
        if not self.jobs.working() or self.jobs.problem:
            return "jobs are not worked off"
        if self.free() < LEAST:
            return f"less than {LEAST >> 20} MiB free"
        return self.audit.trouble

    def free(self) -> int:
        """Bytes free on the field's disk."""
        return shutil.disk_usage(self.field).free
