"""Hours of traffic in minutes: many questions through the real process, with restarts, kills and rebuilds on the way.

    python tests/benchmarks/soak.py --data data --knowledge knowledge --questions 100000

Questions are asked as fast as they are answered, among them edits, inline queries and commands. In the first half the
bot is stopped, killed and rebuilt under; the second half is one process's alone, to show whether its memory and its
file handles stay where they are.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from telegram_load import BotApi, Load, bot, copied, end_when_told, questions_of, report

_WAITING = 40
_EDITED = "edited: "


@dataclass(frozen=True)
class Sample:
    """What a process used when so many questions had been asked."""

    asked: int
    process: int
    megabytes: float
    handles: int


def sample(asked: int, number: int, pid: int) -> Sample:
    """Read what a process uses now."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return Sample(asked, number, kilobytes / 1024, len(os.listdir(f"/proc/{pid}/fd")))  # noqa: PTH208 - counted, not read


class Soak:
    """One run: the bot that is up now, and what was seen of it."""

    def __init__(self, api: BotApi, load: Load, data: Path, knowledge: Path, stack: ExitStack) -> None:
        self.api, self.load = api, load
        self.samples: list[Sample] = []
        self._data, self._knowledge = data, knowledge
        self._stack = stack
        self._count = 0
        self._seen = 0.0
        self._others = 0
        self.start()

    def start(self) -> None:
        """Start the bot."""
        self._count += 1
        self.bot = self._stack.enter_context(bot(self._data, self.api, BOT_MESSAGES_PER_SECOND="0"))

    def stop(self, kill: bool) -> None:
        """Stop or kill it, and start the next."""
        (self.bot.kill if kill else self.bot.terminate)()
        self.bot.wait(60)
        self._stack.close()

    def rebuild(self) -> subprocess.Popen[bytes]:
        """Begin to build a version while questions go on."""
        command = ["build", "--force", "--data", str(self._data), "--knowledge", str(self._knowledge)]
        quiet = subprocess.DEVNULL
        return subprocess.Popen([sys.executable, "-m", "bot", *command], stdout=quiet, stderr=quiet)

    def ask_until(self, total: int) -> None:
        """Ask until so many questions have been asked in all."""

        def reached() -> bool:
            asked = len(self.load.asked)
            if asked // 25 > self._others:
                self._others = asked // 25
                self._something_else(asked)
            if time.monotonic() - self._seen > 0.5 and self.bot.poll() is None:
                self._seen = time.monotonic()
                self.samples.append(sample(asked, self._count, self.bot.pid))
            return asked >= total

        self.load.at_most(_WAITING, reached)

    def _something_else(self, asked: int) -> None:
        person = 1 + asked % 500
        user = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        if asked % 4 == 0:
            self.api.deliver(
                "inline_query", {"id": str(asked), "from": user, "query": f"uranium {asked}", "offset": ""}
            )
        elif asked % 4 == 1:
            chat = {"id": person, "type": "private", "first_name": "Ann"}
            text = f"{_EDITED}who mines uranium ({asked})?"
            now = int(time.time())
            body = {"message_id": 1, "from": user, "chat": chat, "date": now, "edit_date": now, "text": text}
            self.api.deliver("edited_message", body)
        else:
            self.api.say("/topics" if asked % 4 == 2 else "/about", person)

    def rows(self) -> int:
        """Return how many different questions the log holds."""
        with closing(sqlite3.connect(self._data / "queries.db")) as connection:
            wanted = "surface = 'private' AND question NOT LIKE ?"
            row = connection.execute(f"SELECT count(DISTINCT question) FROM questions WHERE {wanted}", (f"{_EDITED}%",))
            return int(row.fetchone()[0])


def main() -> int:
    """Run the soak; return 1 if a question or a row was lost, or an answer came twice without a remark."""
    end_when_told()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"), help="the knowledge it was built from")
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--restarts", type=int, default=6, help="restarts in the first half, every other one a kill")
    parser.add_argument("--rebuilds", type=int, default=3, help="builds in the first half")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, BotApi() as api, ExitStack() as stack:
        api.keep = False
        data = copied(given.data, Path(name) / "data")
        load = Load(api, questions_of(data), people=500)
        soak = Soak(api, load, data, given.knowledge, stack)
        half = given.questions // 2
        restarts = {half * (turn + 1) // (given.restarts + 1): "restart" for turn in range(given.restarts)}
        rebuilds = {half * turn // max(1, given.rebuilds) + 1: "rebuild" for turn in range(given.rebuilds)}
        builds: list[subprocess.Popen[bytes]] = []
        kills = 0
        for at, what in sorted({**restarts, **rebuilds}.items()):
            soak.ask_until(at)
            if what == "rebuild":
                if not builds or builds[-1].poll() is not None:
                    builds.append(soak.rebuild())
                continue
            soak.stop(kill=kills % 2 == 0)
            kills += 1
            soak.start()
        while any(build.poll() is None for build in builds):
            soak.ask_until(len(load.asked) + 50)
        alone = len(load.asked)
        soak.ask_until(max(given.questions, alone + half))
        load.settle(60)
        soak.stop(kill=False)
        outcome, rows = load.outcome(), soak.rows()
        sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(data.glob("*.db"))}
    report(outcome)
    lost_rows = outcome["asked"] - rows
    swaps = sum(build.returncode == 0 for build in builds)
    print(f"{'rows lost':24}{lost_rows:8,}")
    print(f"{'restarts (kills)':24}{kills:8,} ({(kills + 1) // 2})")
    print(f"{'rebuilds':24}{swaps:8,}")
    print(f"{'seconds':24}{time.monotonic() - began:8,.0f}")
    print(f"{'files, MB':24}  {', '.join(f'{file} {size:.1f}' for file, size in sizes.items())}")
    print("   asked  process  resident MB  handles")
    for seen in soak.samples[:: max(1, len(soak.samples) // 20)]:
        print(f"{seen.asked:8,}{seen.process:9}{seen.megabytes:13.0f}{seen.handles:9}")
    last = [seen for seen in soak.samples if seen.process == soak.samples[-1].process and seen.asked >= alone]
    tenth = max(1, len(last) // 10)
    for name, values in (
        ("resident MB", [seen.megabytes for seen in last]),
        ("handles", [float(seen.handles) for seen in last]),
    ):
        first, final = sorted(values[tenth : 2 * tenth] or values), sorted(values[-tenth:])
        middles = (first or [0])[len(first) // 2], (final or [0])[len(final) // 2]
        print(f"undisturbed half, {name}: {middles[0]:.0f} near its start, {middles[1]:.0f} at its end")
    most = max(seen.megabytes for seen in soak.samples), max(seen.handles for seen in soak.samples)
    print(f"peak: {most[0]:.0f} MB, {most[1]} handles")
    return 1 if outcome["lost"] or outcome["duplicated"] or lost_rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
