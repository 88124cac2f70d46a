"""Ask 30 questions a second while a new version of the index is built and published, and then rolled back.

    python tests/benchmarks/live_rebuild.py --data data --knowledge knowledge

Printed is what became of every question, whether each answer is what the version named in the log answers, and how
long answers took before, while the build ran, around each change of version, and after, with the most memory the bot
had held by the end of each.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from telegram_load import BotApi, Load, bot, copied, end_when_told, questions_of, report, spread

from index.search.index import Index
from index.version.versions import index_folder

_AROUND = 2.0
"""Questions asked within so many seconds of a change of version count as asked during it."""


def operate(*arguments: str) -> None:
    """Run a command of the program."""
    subprocess.run([sys.executable, "-m", "bot", *arguments], check=True, capture_output=True)


def changes(log: Path) -> int:
    """Return how often the bot has changed the version."""
    return log.read_text().count("Answering from index")


def peak(bot_id: int) -> int:
    """Return the most memory a process has held so far, in MiB; 0 where the system does not tell."""
    status = Path(f"/proc/{bot_id}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


def half(data: Path) -> tuple[int, int]:
    """Return how many logged answers there are, and how many of them their version would not give."""
    with closing(sqlite3.connect(data / "queries.db")) as connection:
        # A question that goes on from another was asked together with it, and ``asked`` holds both.
        columns = "coalesce(asked, question), index_version, decision, snippet"
        rows = connection.execute(f"SELECT {columns} FROM questions").fetchall()
    wrong = 0
    for version in {row[1] for row in rows}:
        index = Index.open(index_folder(data) / version)
        for question, _, decision, snippet in (row for row in rows if row[1] == version):
            answer = index.answer(question)
            best = answer.hits[0].snippet.id if answer.hits else None
            wrong += (str(answer.decision), best) != (decision, snippet or best)
        index.close()
    return len(rows), wrong


def main() -> int:
    """Run the scenario; return 1 if a question was lost, duplicated or answered by no whole version."""
    end_when_told()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"), help="the knowledge it was built from")
    parser.add_argument("--rate", type=float, default=30.0, help="questions a second")
    parser.add_argument("--quiet", type=float, default=15.0, help="seconds to ask before, between and after")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, BotApi() as api:
        data, log = copied(given.data, Path(name) / "data"), Path(name) / "bot.log"
        knowledge = Path(name) / "knowledge"
        shutil.copytree(given.knowledge, knowledge)
        changed = next(path for path in sorted(knowledge.glob("*/*.md")) if len(path.suffixes) == 1)
        changed.write_text(changed.read_text().rstrip() + " This sentence was added while people were asking.\n")
        load = Load(api, questions_of(data))
        phases: list[tuple[str, float, float, int]] = []

        def ask(phase: str, seconds: float, swaps: int = -1) -> None:
            began = time.monotonic()
            load.at_rate(given.rate, seconds, lambda: 0 <= swaps <= changes(log))
            phases.append((phase, began, time.monotonic(), peak(running.pid)))

        with bot(data, api, BOT_MESSAGES_PER_SECOND="0") as running:
            api.wait(lambda: api.ready)
            ask("before", given.quiet)
            place = ["--data", str(data)]
            building = subprocess.Popen(
                [sys.executable, "-m", "bot", "build", *place, "--knowledge", str(knowledge), "--force"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            began = time.monotonic()
            load.at_rate(given.rate, 600, lambda: building.poll() is not None)
            phases.append(("while it is built", began, time.monotonic() - _AROUND, peak(running.pid)))
            if building.returncode:
                raise SystemExit(f"the build failed with {building.returncode}")
            ask("wait for the new version", 10, 1)
            phases.append(
                ("the new version", time.monotonic() - _AROUND, time.monotonic() + _AROUND, peak(running.pid))
            )
            ask("between", given.quiet)
            operate("build", "--rollback", *place)
            ask("wait for the old version", 10, 2)
            phases.append(
                ("the old version", time.monotonic() - _AROUND, time.monotonic() + _AROUND, peak(running.pid))
            )
            ask("after", given.quiet)
            load.settle(60)
            running.terminate()
            running.wait(40)
        swaps, (logged, wrong) = changes(log), half(data)
        outcome = load.outcome()
        report(outcome)
        print(f"{'changes of version':24}{swaps:8,}")
        print(f"{'rows in the log':24}{logged:8,}")
        print(f"{'not of one version':24}{wrong:8,}")
        for phase, since, until, memory in phases:
            if not phase.startswith("wait"):
                print(f"{phase:24}{spread(load.latencies(since, until))}, {memory} MiB")
    return 1 if outcome["lost"] or outcome["duplicated"] or wrong or swaps != 2 or logged != outcome["asked"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
