"""Opens everything that a bot keeps at the shared server."""

from __future__ import annotations

from collections.abc import Callable

from bot.querylog.sink import LogSink
from bot.querylog.streamed import StreamedLog, open_pseudonyms
from bot.settings import LOG_FILE, Settings
from bot.shared_server import SharedServer, SharedServerError
from bot.telegram.shared.limits import SharedPace, SharedQuota
from bot.telegram.shared.state import Names, SharedConversations, SharedDigests, SharedRequests, SharedState
from bot.telegram.shared.update_lanes import SharedQueue
from bot.telegram.stores import SEARCHES, Stores


async def open_shared_stores(settings: Settings, url: str) -> Stores:
    """Open the stores at a server.

    Raises:
        SharedServerError: There is no webhook, the server cannot be used, or the pseudonym key is not that of the
            other processes.
    """
    if not settings.webhook_url:
        raise SharedServerError(
            "BOT_REDIS_URL needs BOT_WEBHOOK_URL: several bots share the work through one webhook, and Telegram lets "
            "only one program poll."
        )
    server = await SharedServer.open(url)
    names = await Names.open(server)
    pseudonyms = await open_pseudonyms(server, settings.key_file)

    def open_log(on_problem: Callable[[str], None]) -> LogSink:
        path = settings.data_dir / LOG_FILE
        return StreamedLog(server, pseudonyms, path, enabled=settings.log, on_problem=on_problem)

    return Stores(
        queue=SharedQueue(server, settings.queue),
        state=SharedState(server, names),
        answer_requests=SharedRequests(server),
        conversations=SharedConversations(server, names),
        questions=SharedQuota(server, names, "questions", settings.questions_per_minute),
        searches=SharedQuota(server, names, "searches", settings.questions_per_minute * SEARCHES),
        digests=SharedDigests(server),
        pace=SharedPace(server, names, settings.messages_per_second),
        open_log=open_log,
        close=server.close,
        server_away=lambda: server.away,
    )
