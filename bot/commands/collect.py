"""``log collect``: writes the one query log of a bot that is several processes."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import click

from bot.commands.paths import UserPath
from bot.settings import LOG_FILE, Settings, load_settings
from bot.telegram.secret_masking import keep_out_of_logs, server_secrets


@click.command()
@click.option("--data", type=UserPath(), help="Folder of the query log.  [default: BOT_DATA_DIR or data]")
def collect(data: Path | None) -> None:
    """Write the query log of all bots that share BOT_REDIS_URL, until stopped.

    One process does this for all of them. What they record waits at the server while it does not run.

    \b
    Example:
      BOT_REDIS_URL=redis://127.0.0.1:6379/0 partnership-bot log collect
    """  # noqa: D301 - click takes \b as a mark that keeps the lines of an example apart
    settings = load_settings(data_dir=data)
    if settings.redis_url is None:
        raise click.ClickException("BOT_REDIS_URL is not set: a bot without it writes its query log itself.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    undo = keep_out_of_logs(server_secrets(settings))
    try:
        asyncio.run(_collect(settings, settings.redis_url.get_secret_value()))
    finally:
        undo()


async def _collect(settings: Settings, url: str) -> None:
    from bot.querylog.collecting import Collector
    from bot.querylog.log import QueryLog
    from bot.querylog.streamed import open_pseudonyms
    from bot.review.forgetting import forget_in_drafts
    from bot.shared_server import SharedServer

    server = await SharedServer.open(url)
    try:
        await open_pseudonyms(server, settings.key_file)
        log = QueryLog(
            settings.data_dir / LOG_FILE,
            key_file=settings.key_file,
            retention_days=settings.log_days,
            enabled=True,
            on_deleted=lambda connection: forget_in_drafts(connection, settings.data_dir),
        )
        collector = Collector(server, log)
        collecting = asyncio.create_task(collector.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, collecting.cancel)
        try:
            await collecting
        except asyncio.CancelledError:
            logging.getLogger(__name__).info("Stopped.")
        finally:
            await collector.release()
            await log.close()
    finally:
        await server.close()
