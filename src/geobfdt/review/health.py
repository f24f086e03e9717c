"""Health of the server: one line for a supervisor, and metrics for Prometheus."""

from __future__ import annotations

import shutil
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from geobfdt.review.access_log import METHODS, AccessLog
from geobfdt.review.job_queue import FINAL_STATES, MIN_FREE_BYTES, JobQueue

__all__ = ["Health"]


class Health(Collector):
    """
    State and metrics of a server.

    Parameters
    ----------
    field : Path
        Its field.
    jobs : Jobs
        Its queue.
    access_log : AccessLog
        Its access log.
    """

    def __init__(self, field: Path, jobs: JobQueue, access_log: AccessLog) -> None:
        self.field, self.jobs, self.access_log = field, jobs, access_log
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "geobfdt_requests", "Requests answered", ["method", "path", "status"], registry=self.registry
        )
        self.seconds = Histogram("geobfdt_request_seconds", "Time to answer", ["path"], registry=self.registry)
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics that are read at the time of the request."""
        states = Tally(job.state for job in self.jobs.all())
        jobs = GaugeMetricFamily(
            "geobfdt_jobs", "Jobs in the queue, finished ones among the last 100", labels=["state"]
        )
        for state in ("waiting", "running", *FINAL_STATES):
            jobs.add_metric([state], states[state])
        yield jobs
        yield GaugeMetricFamily("geobfdt_disk_free_bytes", "Free on the field's disk", value=self.free())

    def on_answer(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        # Each label makes a counter. A client that invents paths or methods must not make a million of them, so the
        # pattern of the route stands for its path, and only known methods are named.
        path = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.requests.labels(method, path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def metrics(self) -> bytes:
        """Return all metrics in the format of Prometheus."""
        return generate_latest(self.registry)

    def problem(self) -> str | None:
        """Return in one line what needs attention; None if nothing does."""
        if not self.jobs.working() or self.jobs.problem is not None:
            return "jobs are not processed"
        if self.free() < MIN_FREE_BYTES:
            return f"less than {MIN_FREE_BYTES >> 20} MiB free"
        return self.access_log.problem

    def free(self) -> int:
        """Return the free bytes on the disk of the field."""
        return shutil.disk_usage(self.field).free
