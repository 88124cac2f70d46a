"""The numbers of one running bot in Prometheus' form."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from bot.telegram.live_index import LiveIndex

LATENCY_STEPS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds of the histogram of answers."""
_PREFIX = "partnership_bot"

# Otherwise each counter has a second series with the time of its first use.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """All numbers of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        """When the process started, by the monotonic clock."""
        self._registry = registry = CollectorRegistry()
        self._questions = Counter(
            "questions", "Questions answered.", ("decision", "language"), namespace=_PREFIX, registry=registry
        )
        self._errors = Counter(
            "telegram_errors", "Calls to Telegram that failed.", ("kind",), namespace=_PREFIX, registry=registry
        )
        self._failures = Counter(
            "failures", "Failures an operator should look at in the log.", namespace=_PREFIX, registry=registry
        )
        about = "Time from the receipt of a question to the delivery of its answer."
        self._seconds = Histogram("answer_seconds", about, namespace=_PREFIX, registry=registry, buckets=LATENCY_STEPS)
        self._gauge("uptime_seconds", "Seconds since the start.", lambda: time.monotonic() - self.started)
        ProcessCollector(registry=registry)
        self._index: Info | None = None
        self._live_index: LiveIndex | None = None

    def answered(self, decision: str, language: str, seconds: float) -> None:
        """Count an answer that was delivered this many seconds after its question came."""
        self._questions.labels(decision, language).inc()
        self._seconds.observe(seconds)

    def telegram_error(self, kind: str) -> None:
        """Count a call to Telegram that failed."""
        self._errors.labels(kind).inc()

    def failure(self) -> None:
        """Count a failure that an operator should look at."""
        self._failures.inc()

    @property
    def answers(self) -> int:
        """How many questions were answered."""
        return self._value("answer_seconds_count")

    @property
    def failures(self) -> int:
        """How many failures there were."""
        return self._value("failures_total")

    def watch(  # noqa: PLR0913 - each is named, and shown as a number of its own
        self,
        *,
        queue: Callable[[], float],
        log_backlog: Callable[[], float],
        live_index: LiveIndex,
        polling_age: Callable[[], float] | None = None,
        webhook_pending: Callable[[], float] | None = None,
        server_away: Callable[[], float] | None = None,
    ) -> None:
        """Show the state of the bot's parts too; called once, when they run.

        Args:
            queue: Returns how many updates are unfinished.
            log_backlog: Returns how many rows wait to be written to the query log.
            live_index: The index in use.
            polling_age: Returns the seconds since Telegram last answered a poll, where the bot polls.
            webhook_pending: Returns how many updates wait at Telegram, where the bot has a webhook.
            server_away: Returns for how many seconds the shared server has not answered, where there is one.
        """
        self._gauge("queue_updates", "Updates received and not finished.", queue)
        if polling_age:
            self._gauge("polling_age_seconds", "Seconds since Telegram last answered a poll for updates.", polling_age)
        if webhook_pending:
            self._gauge(
                "webhook_pending_updates", "Updates that wait at Telegram, asked once a minute.", webhook_pending
            )
        if server_away:
            self._gauge(
                "server_away_seconds", "Seconds since the shared server last answered; 0 while it does.", server_away
            )
        self._gauge("log_backlog_rows", "Rows and changes that wait to be written to the query log.", log_backlog)
        about = "The version questions are answered from."
        self._index = Info("index", about, namespace=_PREFIX, registry=self._registry)
        self._live_index = live_index
        self._gauge("index_age_seconds", "Seconds since that version was built.", lambda: _age(live_index))

    def text(self) -> bytes:
        """Return all metrics in the text format."""
        if self._index and self._live_index:
            self._index.info({"version": self._live_index.index.version})
        return generate_latest(self._registry)

    def _gauge(self, name: str, description: str, value: Callable[[], float]) -> None:
        Gauge(name, description, namespace=_PREFIX, registry=self._registry).set_function(value)

    def _value(self, name: str) -> int:
        return int(self._registry.get_sample_value(f"{_PREFIX}_{name}") or 0)


def _age(live_index: LiveIndex) -> float:
    built = datetime.fromisoformat(live_index.index.manifest.built)
    return max(0.0, (datetime.now(UTC) - built).total_seconds())
