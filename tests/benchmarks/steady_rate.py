"""Find the highest steady rate of questions, beside that of a bot which only sends back what it gets.

    python tests/benchmarks/steady_rate.py --data data

Both are real processes that poll the same stand-in server in the same run, one rate after the other; a rate is held
when every question is answered and 95 % within ``--within`` milliseconds. Every question is a new one for the cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telegram_load import TOKEN, BotApi, Load, bot, copied, end_when_told, questions_of, spread

ECHO = """
import html, sys
from telegram import LinkPreviewOptions
from telegram.ext import Application, MessageHandler, filters
async def echo(update, context):
    plain = LinkPreviewOptions(is_disabled=True)
    await update.message.reply_html(html.escape(update.message.text), do_quote=True, link_preview_options=plain)
builder = Application.builder().token(sys.argv[1]).base_url(sys.argv[2] + "/bot").concurrent_updates(True)
application = builder.build()
application.add_handler(MessageHandler(filters.TEXT, echo))
application.run_polling(allowed_updates=["message"])
"""


@contextmanager
def echo(api: BotApi) -> Iterator[None]:
    """Run the bot that only sends back what it gets."""
    running = subprocess.Popen([sys.executable, "-c", ECHO, TOKEN, api.url])
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


def held(api: BotApi, questions: list[str], rate: float, seconds: float, within: float) -> bool:
    """Ask at a rate, print what came of it, and return whether it was held."""
    load = Load(api, questions)
    load.at_rate(rate, seconds)
    load.settle(30)
    times = sorted(load.latencies())
    answered = load.outcome()["answered"]
    print(f"  {rate:5.0f} a second: {answered} of {len(load.asked)} answered, {spread(times)}", flush=True)
    return answered == len(load.asked) and times[int(len(times) * 0.95)] <= within


def main() -> None:
    """Print the rates."""
    end_when_told()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--rates", default="60,80,100,125,150,175,200,250,300", help="questions a second")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each rate is kept up")
    parser.add_argument("--within", type=float, default=150.0, help="milliseconds")
    given = parser.parse_args()
    questions, rates = questions_of(given.data), [float(rate) for rate in given.rates.split(",")]
    for name in ("this bot", "an echo"):
        print(name)
        with tempfile.TemporaryDirectory() as folder, BotApi() as api:
            data = copied(given.data, Path(folder) / "data")
            with bot(data, api, BOT_MESSAGES_PER_SECOND="0") if name == "this bot" else echo(api):
                api.wait(lambda: api.ready)
                held(api, questions, rates[0], 3, given.within)
                for rate in rates:
                    if not held(api, questions, rate, given.seconds, given.within):
                        break


if __name__ == "__main__":
    main()
