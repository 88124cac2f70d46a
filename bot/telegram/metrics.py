"""The bot's numbers in Prometheus' form, read off its parts whenever they are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot.telegram.health import Health
from bot.telegram.tally import LATENCY_STEPS, Tally

_PREFIX = "partnership_bot"


class Metrics:
    """A registry of its own with everything this process tells of itself."""

    def __init__(self, tally: Tally, health: Health) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Numbers(tally, health))
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all metrics in the text format."""
        return generate_latest(self._registry)


class _Numbers(Collector):
    def __init__(self, tally: Tally, health: Health) -> None:
        self._tally = tally
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; those of parts that are not there yet are left out."""
        yield from self._of_tally()
        service = self._health.service
        if service is None:
            return
        services = service.desk.services
        yield _gauge("queue_updates", "Updates received and not finished.", service.lanes.unfinished)
        if (age := self._health.polling_age) is not None:
            yield _gauge("polling_age_seconds", "Seconds since Telegram last answered a poll for updates.", age)
        if (pending := self._health.webhook_pending) is not None:
            yield _gauge("webhook_pending_updates", "Updates that wait at Telegram, asked once a minute.", pending)
        yield _gauge(
            "log_backlog_rows", "Rows and changes that wait to be written to the query log.", services.log.backlog
        )
        failures = CounterMetricFamily(f"{_PREFIX}_failures", "Failures an operator should look at in the log.")
        failures.add_metric([], services.failures.count)
        yield failures
        index = services.library.index
        yield InfoMetricFamily(
            f"{_PREFIX}_index", "The version questions are answered from.", {"version": index.version}
        )
        built = datetime.fromisoformat(index.manifest.built)
        age = max(0.0, (datetime.now(UTC) - built).total_seconds())
        yield _gauge("index_age_seconds", "Seconds since that version was built.", age)

    def _of_tally(self) -> Iterator[Metric]:
        questions = CounterMetricFamily(f"{_PREFIX}_questions", "Questions answered.", labels=("decision", "language"))
        for labels, count in self._tally.questions.items():
            questions.add_metric(labels, count)
        yield questions
        errors = CounterMetricFamily(f"{_PREFIX}_telegram_errors", "Calls to Telegram that failed.", labels=("kind",))
        for kind, count in self._tally.errors.items():
            errors.add_metric([kind], count)
        yield errors
        buckets = list(zip((*map(str, LATENCY_STEPS), "+Inf"), accumulate(self._tally.latency), strict=True))
        yield HistogramMetricFamily(
            f"{_PREFIX}_answer_seconds",
            "Time from the receipt of a question to the delivery of its answer.",
            buckets,
            self._tally.seconds,
        )
        yield _gauge("uptime_seconds", "Seconds since the start.", time.monotonic() - self._tally.started)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, value)
