"""What the load programs share: the real bot as a process, people who ask it, and what became of each question."""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[2]))

# Found by the path set above; these are programs, not part of the tests' own path.
from index.search.index import Index
from tests.support.bot_process import process
from tests.support.botapi_server import TOKEN, BotApi

__all__ = ["TOKEN", "BotApi", "Load", "bot", "copied", "end_when_told", "questions_of", "report", "spread"]

PROGRAM = "from bot.cli import main; main()"
REMARK, TOLD = "Sent once more", ("Something went wrong", "more than")
WAITING = "⏳"


def end_when_told() -> None:
    """End as after an error when this program is told to, as ``timeout`` does: then all that it started is stopped."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _: FrameType | None) -> None:
    # Told once more, it would leave what it is just stopping.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def copied(data: Path, folder: Path) -> Path:
    """Return a data folder of its own with the index of another one."""
    shutil.copytree(data / "index", folder / "index")
    shutil.copytree(data / "encoders", folder / "encoders")
    return folder


def questions_of(data: Path) -> list[str]:
    """Return the example questions of an index, in an order that is always the same."""
    index = Index.open(data)
    questions = [
        question for topic in index.topics for each in index.in_topic(topic.id, "en") for question in each.questions
    ]
    index.close()
    questions = sorted(set(questions))
    random.Random(1).shuffle(questions)
    return questions


@contextmanager
def bot(data: Path, api: BotApi, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the bot until it is stopped, or killed on the way out; its log is beside its data."""
    given = {"BOT_API_URL": api.url, "BOT_QUESTIONS_PER_MINUTE": "0", **settings}
    with process(data, data.parent / "bot.log", program=PROGRAM, **given) as running:
        yield running


class Load:
    """Questions of many people, no two alike, and what became of them."""

    def __init__(self, api: BotApi, questions: list[str], people: int = 200) -> None:
        self.api = api
        self.asked: dict[int, float] = {}
        """When each question was asked, by its message's number."""
        self.chats: dict[int, int] = {}
        """In which private chat."""
        self._without_reply: set[int] = set()
        self._texts = (f"{question} ({turn})" for turn in itertools.count(1) for question in questions)
        self._people = itertools.cycle(range(1, people + 1))

    def ask(self) -> int:
        """Ask one question."""
        at = time.monotonic()
        person = next(self._people)
        number = self.api.say(next(self._texts), person)
        self.asked[number], self.chats[number] = at, person
        self._without_reply.add(number)
        return number

    def at_rate(self, rate: float, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Ask so many questions a second for so long, or until something is the case."""
        began = time.monotonic()
        for count in itertools.count():
            due = began + count / rate
            if due - began >= seconds or until():
                return
            time.sleep(max(0.0, due - time.monotonic()))
            self.ask()

    def at_most(self, waiting: int, until: Callable[[], bool]) -> None:
        """Ask as fast as answers come, with so many questions waiting, until something is the case."""
        while not until():
            if self.waiting < waiting:
                self.ask()
            else:
                time.sleep(0.01)

    @property
    def waiting(self) -> int:
        """How many questions have no reply yet."""
        self._without_reply = {number for number in self._without_reply if number not in self.api.under}
        return len(self._without_reply)

    def settle(self, seconds: float) -> None:
        """Wait, at most so long, until every question has something for an answer, then a moment for what is double."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(self._open(number) for number in self.asked):
            time.sleep(0.1)
        time.sleep(1.0)

    def _open(self, number: int) -> bool:
        return not any(not self._shown(sent).startswith(WAITING) for sent, _ in self.api.under.get(number, ()))

    def _shown(self, sent: int) -> str:
        return str(self.api.messages[sent]["text"])

    def outcome(self) -> Counter[str]:
        """Return how many questions were asked, answered, told of a failure, lost, repeated, duplicated."""
        found: Counter[str] = Counter(asked=len(self.asked))
        for number in self.asked:
            shown = [self._shown(sent) for sent, _ in self.api.under.get(number, ())]
            answers = [text for text in shown if not text.startswith((WAITING, *TOLD))]
            plain = [text for text in answers if REMARK not in text]
            found["answered"] += bool(answers)
            found["told"] += not answers and any(text.startswith(TOLD) for text in shown)
            found["lost"] += not answers and not any(text.startswith(TOLD) for text in shown)
            found["repeated with a remark"] += len(answers) > 1 and len(plain) <= 1
            found["duplicated"] += len(plain) > 1
        return found

    def duplicates(self) -> Iterator[tuple[int, list[tuple[float, str]]]]:
        """Yield the questions with more than one answer without a remark, and when each answer came."""
        for number in self.asked:
            sent = self.api.under.get(number, ())
            plain = [(at, self._shown(each)[:60]) for each, at in sent if REMARK not in self._shown(each)]
            if len([text for _, text in plain if not text.startswith((WAITING, *TOLD))]) > 1:
                yield number, plain

    def latencies(self, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Return, in milliseconds, how long the answers to the questions asked in a span of time took."""
        return [
            1000 * (self.api.answered_at[self.api.under[number][0][0]] - at)
            for number, at in self.asked.items()
            if since <= at < until and number in self.api.under
        ]


def spread(values: list[float]) -> str:
    """Return median, 95th percentile and maximum in words."""
    if len(values) < 2:
        return "too few"
    cuts = statistics.quantiles(values, n=20)
    return f"p50 {statistics.median(values):.0f} ms, p95 {cuts[18]:.0f} ms, max {max(values):.0f} ms ({len(values)})"


def report(outcome: Counter[str]) -> None:
    """Print an outcome, one figure a line."""
    for name in ("asked", "answered", "told", "lost", "repeated with a remark", "duplicated"):
        print(f"{name:24}{outcome[name]:8,}")
