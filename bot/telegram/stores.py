"""Where a running bot keeps what must outlive it: SQLite in its data folder, or a server that several bots share.

This is the one place that chooses. Everything else knows the interfaces alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.database import open_database
from bot.querylog.log import QueryLog
from bot.querylog.sink import LogSink
from bot.review.forgetting import forget_in_drafts
from bot.settings import LOG_FILE, Settings
from bot.telegram.answer_requests import REQUEST_MIGRATIONS, AnswerRequests
from bot.telegram.digest_times import DIGEST_MIGRATIONS, Digests
from bot.telegram.handlers.shown_quotes import Conversations
from bot.telegram.interfaces import DigestTimes, Limit, RequestsToHear, ShownQuotes, State
from bot.telegram.quota import Quota
from bot.telegram.rate_limiter import LocalPace, Pace
from bot.telegram.state import STATE_MIGRATIONS, BotState
from bot.telegram.update_queue import UPDATE_MIGRATIONS, DurableQueue, UpdateQueue

SEARCHES = 6
"""Inline queries allowed per question allowed."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that a bot keeps outside its memory."""

    queue: UpdateQueue
    state: State
    answer_requests: RequestsToHear
    conversations: ShownQuotes
    questions: Limit
    searches: Limit
    digests: DigestTimes
    pace: Pace
    open_log: Callable[[Callable[[str], None]], LogSink]
    """Opens the query log; it tells its problems to the function given."""
    close: Callable[[], Awaitable[None]]
    server_away: Callable[[], float] | None = None
    """Returns for how many seconds the shared server has not answered, where there is one."""


async def open_stores(settings: Settings) -> Stores:
    """Open what the settings name; an event loop must be running.

    Raises:
        UserFacingError: The shared server cannot be used.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if settings.redis_url:
        from bot.telegram.shared.stores import open_shared_stores

        return await open_shared_stores(settings, settings.redis_url.get_secret_value())
    migrations = (STATE_MIGRATIONS, UPDATE_MIGRATIONS, REQUEST_MIGRATIONS, DIGEST_MIGRATIONS)
    database = open_database(settings.data_dir / "telegram.db", migrations, memory_fallback=True)
    state = BotState(database)

    def open_log(on_problem: Callable[[str], None]) -> LogSink:
        return QueryLog(
            settings.data_dir / LOG_FILE,
            key_file=settings.key_file,
            opt_outs=state,
            retention_days=settings.log_days,
            enabled=settings.log,
            on_problem=on_problem,
            on_deleted=lambda connection: forget_in_drafts(connection, settings.data_dir),
        )

    async def close() -> None:
        database.close()

    return Stores(
        queue=DurableQueue(database, settings.queue),
        state=state,
        answer_requests=AnswerRequests(database),
        conversations=Conversations(),
        questions=Quota(settings.questions_per_minute),
        searches=Quota(settings.questions_per_minute * SEARCHES),
        digests=Digests(database),
        pace=LocalPace(settings.messages_per_second),
        open_log=open_log,
        close=close,
    )
