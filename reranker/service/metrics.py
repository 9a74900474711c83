"""What Prometheus sees."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one server (not of the process: tests run several in one)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "rerank_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "rerank_request_seconds",
            "Seconds from a request's first byte to its answer.",
            ["route"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.waiting = Gauge(
            "rerank_waiting_requests", "Requests accepted, not answered.", registry=self.registry
        )
        self.candidates = Counter("rerank_candidates", "Candidates scored.", registry=self.registry)
        self.tokens = Counter("rerank_tokens", "Tokens scored.", registry=self.registry)
        self.dropped = Counter(
            "rerank_dropped_requests",
            "Requests given up because their client left or their time was over.",
            registry=self.registry,
        )

    def page(self) -> bytes:
        """The metrics as Prometheus reads them."""
        return generate_latest(self.registry)
