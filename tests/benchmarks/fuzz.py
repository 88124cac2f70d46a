"""Throw made-up and mangled input at everything that reads input, for as long as is wanted; no part of the test run.

    python tests/benchmarks/fuzz.py --data DATA [--minutes 10] [--seed N] [--only updates]

DATA is a folder with a built index. Ends with 1 at the first input that makes something fail in any way but its own,
and prints that input, made as small as possible.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from hypothesis import HealthCheck, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bot.messages.buttons import parse, person_of, read_paging  # noqa: E402
from index.errors import UserFacingError  # noqa: E402
from index.evaluation.evaluation_set import read_evaluation  # noqa: E402
from index.knowledge.lint import lint  # noqa: E402
from index.knowledge.reader import read_knowledge  # noqa: E402
from index.knowledge.yaml_lines import YamlError, parse_yaml, split_front_matter  # noqa: E402
from index.search.index import Index  # noqa: E402
from index.version.versions import index_folder, live_version  # noqa: E402
from tests.support.telegram_bench import GROUP, ME, Bench, Json, bench  # noqa: E402

counted: Counter[str] = Counter()

# What Telegram and files can hold: all of Unicode but halves of characters.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))

# --- Knowledge

SCRAPS = st.sampled_from(
    [*"|[]{},&*!'\"#@`>\\\n\t\r\0~-:?", "--- ", "|-\n", "&a ", "*a", "<<: *a", "!!str ", "%YAML 1.1", "\n  ", "\x85",
     "\u2028", "\ufeff", "0x1", "title: ", "sources: [press]\n", "as_of: 2025-01-01\n", "questions:\n- ", "see_also: ",
     "valid_until: ", "speaker: ", "language: ", "<b>", "](../", "1.", "\u0301", "\u202e"]
)  # fmt: skip
YAML = st.lists(st.one_of(SCRAPS, TEXT), max_size=30).map("".join)
HEAD = "title: T\nsources: [press]\nas_of: 2025-01-01\n"
FILES = st.one_of(
    YAML,
    st.builds("---\n{}---\n{}".format, YAML, TEXT),
    st.builds("---\n{}{}\n---\n{}".format, st.just(HEAD), YAML, YAML),
)
NAMES = st.sampled_from(["a.md", "t/b.md", "t/b.ru.md", "t/b.kk.md", "t/c.txt", "é/d.md", "t/u/v.md", ".h.md"])
REGISTERS = st.sampled_from(["sources.yaml", "topics.yaml", "synonyms.yaml", "evaluation.yaml"])


@given(text=FILES)
def front_matter(text: str) -> None:
    """Any file is split or refused by YamlError."""
    for read in (split_front_matter, parse_yaml):
        try:
            read(text)
        except YamlError as error:
            assert error.line >= 1
        counted["texts of front matter"] += 1


@given(files=st.dictionaries(NAMES, st.one_of(FILES.map(str.encode), st.binary()), max_size=4),
       registers=st.dictionaries(REGISTERS, YAML.map(str.encode), max_size=3))  # fmt: skip
def knowledge(files: dict[str, bytes], registers: dict[str, bytes]) -> None:
    """Any folder is read, checked, and its problems told."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, content in (files | registers).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        found = read_knowledge(folder)
        for problem in [*found.problems, *lint(found, None, 0), *read_evaluation(folder / "evaluation.yaml").problems]:
            assert str(problem)
        for snippet in found.snippets:
            assert all(snippet.text[start:end].strip() for start, end in snippet.sentences)
        counted["folders of knowledge"] += 1


# --- What comes from Telegram

KEY = st.from_regex(r"\A[A-Za-z0-9_-]{11}\Z")
DATA = st.one_of(
    TEXT,
    st.builds("{}{}".format, st.sampled_from("nptbrslvam"), st.text("0123456789abAB_-:+", max_size=64)),
    st.builds("n{}en{}{}".format, st.integers(0, 9), KEY, st.sampled_from("0z-_")),
    st.builds("{}{}:{}".format, st.sampled_from("br"), KEY, st.integers(0, 99999)),
    st.builds("v{}{}:{}".format, st.sampled_from("+-"), st.text("0123ABC", min_size=1, max_size=27), KEY),
    st.sampled_from(["mforget", "mkeep", "mout", "min", "lauto", "len", "lru", "lzz", "s0", "s9999", "b", "b:9999"]),
)
COMMANDS = (
    "start ask topics sources about language privacy mydata forget status reload stats help settings nothing".split()
)


@given(data=DATA)
def callback_data(data: str) -> None:
    """Any data is understood or refused."""
    parsed = parse(data)
    if parsed and parsed[0] == "next":
        read_paging(parsed[1])
    if parsed and "asker" in parsed[1]:
        person_of(parsed[1])
    counted["callback data"] += 1


IDS = st.one_of(st.integers(1, 5), st.integers(1, 2**52))
USERS = st.fixed_dictionaries(
    {"id": IDS, "is_bot": st.booleans(), "first_name": TEXT},
    optional={"language_code": st.one_of(st.sampled_from(["en", "ru", "kk", "de-AT", ""]), TEXT), "username": TEXT},
)
CHATS = st.one_of(
    st.fixed_dictionaries({"id": IDS, "type": st.just("private"), "first_name": TEXT}),
    st.fixed_dictionaries({"id": st.just(GROUP), "type": st.sampled_from(["group", "supergroup", "channel"]),
                           "title": TEXT}, optional={"is_forum": st.booleans()}),
)  # fmt: skip
ENTITIES = st.lists(
    st.fixed_dictionaries({
        "type": st.sampled_from(["mention", "bot_command", "text_mention", "url", "custom_emoji", "nonsense"]),
        "offset": st.integers(0, 5000), "length": st.integers(0, 5000),
    }, optional={"user": USERS, "url": TEXT}), max_size=4,
)  # fmt: skip
WORDS = st.one_of(
    TEXT.filter(bool),
    st.builds("/{} {}".format, st.sampled_from(COMMANDS), st.one_of(TEXT, st.builds("p_{}".format, KEY), DATA)),
    st.builds("/{}@{} {}".format, st.sampled_from(COMMANDS), st.sampled_from(["test_bot", "other", "TEST_BOT"]), TEXT),
    st.builds("@test_bot {}".format, TEXT),
    st.sampled_from(["who signed the roadmap", "кто подписал", "uranium", "and in 2025?", "\u0301", "‮x", "a" * 4096]),
)


def messages(depth: int = 1) -> st.SearchStrategy[Json]:
    more: dict[str, st.SearchStrategy[Any]] = {
        "text": WORDS, "caption": TEXT, "entities": ENTITIES, "caption_entities": ENTITIES, "sender_chat": CHATS,
        "via_bot": st.just(ME), "message_thread_id": IDS, "is_topic_message": st.booleans(), "edit_date": st.just(5),
        "forward_origin": st.just({"type": "hidden_user", "date": 1, "sender_user_name": "x"}),
        "photo": st.just([{"file_id": "1", "file_unique_id": "1", "width": 1, "height": 1}]),
        "location": st.just({"longitude": 1.0, "latitude": 1.0}), "new_chat_title": TEXT,
        "group_chat_created": st.just(True),
        "migrate_to_chat_id": st.integers(-(2**40), -1), "forum_topic_created": st.just({"name": "x", "icon_color": 1}),
    }  # fmt: skip
    if depth:
        more["reply_to_message"] = messages(depth - 1)
    return st.fixed_dictionaries(
        {"message_id": st.integers(1, 2**31), "date": st.integers(0, 2**33), "chat": CHATS},
        optional={"from": USERS, **more},
    ).map(entitled)


def entitled(message: Json) -> Json:
    """Mark the command as Telegram does, unless other entities were made up."""
    text = message.get("text", "")
    if text.startswith("/") and "entities" not in message:
        length = len(text.split()[0].encode("utf-16-le")) // 2
        message = {**message, "entities": [{"type": "bot_command", "offset": 0, "length": length}]}
    return message


MEMBERS = st.fixed_dictionaries({"status": st.sampled_from(["left", "member"]), "user": st.just(ME)})
UPDATES = st.one_of(
    messages().map(lambda body: ("message", body)),
    messages().map(lambda body: ("edited_message", {**body, "edit_date": 5})),
    messages().map(lambda body: ("channel_post", body)),
    messages().map(lambda body: ("guest_message", {**body, "guest_query_id": "7"})),
    st.fixed_dictionaries(
        {"id": st.just("7"), "from": USERS, "chat_instance": st.just("1")},
        optional={"data": DATA, "message": messages(0), "inline_message_id": st.text("ab", min_size=1)},
    ).map(lambda body: ("callback_query", body)),
    st.fixed_dictionaries({"id": st.just("7"), "from": USERS, "query": st.one_of(WORDS, DATA).map(lambda t: t[:256]),
                           "offset": st.one_of(st.integers(-9, 99).map(str), TEXT)})
    .map(lambda body: ("inline_query", body)),
    st.fixed_dictionaries({"result_id": DATA, "from": USERS, "query": TEXT},
                          optional={"inline_message_id": st.just("ab")})
    .map(lambda body: ("chosen_inline_result", body)),
    st.fixed_dictionaries({"chat": CHATS, "from": USERS, "date": st.just(1), "old_chat_member": MEMBERS,
                           "new_chat_member": MEMBERS}).map(lambda body: ("my_chat_member", body)),
)  # fmt: skip
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)


def mangled(update: tuple[str, Json], places: list[int], junk: list[Any]) -> tuple[str, Any]:
    """Put junk into some places of an update, or take them out."""
    body = json.loads(json.dumps(update[1]))
    for place, value in zip(places, junk, strict=False):
        spots: list[tuple[Any, Any]] = []
        stack = [body]
        while stack:
            item = stack.pop()
            for key in list(item) if isinstance(item, dict) else range(len(item)):
                spots.append((item, key))
                if isinstance(item[key], dict | list):
                    stack.append(item[key])
        if spots:
            item, key = spots[place % len(spots)]
            if value == "" and isinstance(item, dict):
                del item[key]
            else:
                item[key] = value
    return update[0], body


MANGLED = st.builds(
    mangled, UPDATES, st.lists(st.integers(0, 99), min_size=1, max_size=3), st.lists(JUNK, min_size=1, max_size=3)
)


def through_the_bot(index: Index, work: Callable[[Bench], Any]) -> None:
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as place:
            async with bench(index, Path(place), admins=frozenset({3})) as there:
                await work(there)

    asyncio.run(scenario())


def updates(index: Index) -> Callable[[], None]:
    @given(batch=st.lists(UPDATES, min_size=1, max_size=12))
    def test(batch: list[tuple[str, Json]]) -> None:
        """Whatever Telegram could deliver is handled without a failure and without a call that Telegram refuses."""

        async def work(there: Bench) -> None:
            for kind, body in batch:
                await asyncio.wait_for(there.take(kind, body), 60)
                assert there.service.desk.services.metrics.failures == 0, (kind, body)
                assert there.telegram.refusals == [], (kind, body)
                counted["updates"] += 1

        through_the_bot(index, work)

    return test


def mangled_updates(index: Index) -> Callable[[], None]:
    @given(batch=st.lists(MANGLED, min_size=1, max_size=12))
    def test(batch: list[tuple[str, Any]]) -> None:
        """What Telegram would never deliver stops nothing: the next person is answered."""

        async def work(there: Bench) -> None:
            for kind, body in batch:
                await asyncio.wait_for(there.take(kind, body), 60)
                counted["mangled updates"] += 1
            there.telegram.refusals.clear()
            assert await there.say("who signed the roadmap", 424242)

        through_the_bot(index, work)

    return test


# --- The artefact


def artefact(source: Path, scratch: Path) -> Callable[[], None]:
    version = str(live_version(source))
    data = scratch / "data"
    shutil.copytree(index_folder(source) / version, index_folder(data) / version)
    shutil.copy(index_folder(source) / "current", index_folder(data) / "current")
    shutil.copytree(source / "encoders", data / "encoders")
    encoder = json.loads((index_folder(data) / version / "manifest.json").read_text())["encoder_key"]
    files = [*sorted((index_folder(data) / version).iterdir()), *sorted((data / "encoders" / encoder).iterdir()),
             index_folder(data) / "current"]  # fmt: skip
    sound = Index.open(data)
    expected = [(hit.snippet, hit.score) for hit in sound.answer("who signed the roadmap").hits]
    sound.close()

    @given(
        file=st.sampled_from(files),
        edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.binary(max_size=8)), min_size=1, max_size=3),
    )
    def test(file: Path, edits: list[tuple[float, int, bytes]]) -> None:
        """A file with bytes taken out, put in or changed is refused in one line, or answers as before."""
        before = file.read_bytes()
        content = before
        for where, cut, put in edits:
            at = int(where * len(content))
            content = content[:at] + put + content[at + cut :]
        try:
            file.write_bytes(content)
            opened = Index.open(data)
            found = [(hit.snippet, hit.score) for hit in opened.answer("who signed the roadmap").hits]
            opened.close()
            assert found == expected
        except UserFacingError as error:
            assert "\n" not in str(error)
        finally:
            file.write_bytes(before)
        counted["damaged artefacts"] += 1

    return test


def main() -> int:
    """Go round all targets until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("BOT_DATA_DIR", "data")))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--only", help="one target, such as front_matter or updates")
    given_arguments = parser.parse_args()
    logging.disable()
    faulthandler.enable()
    index = Index.open(given_arguments.data)
    ends = time.monotonic() + 60 * given_arguments.minutes
    number = given_arguments.seed
    with tempfile.TemporaryDirectory() as scratch:
        targets: dict[str, tuple[Callable[[], None], int]] = {
            "front_matter": (front_matter, 500),
            "knowledge": (knowledge, 100),
            "callback_data": (callback_data, 500),
            "updates": (updates(index), 25),
            "mangled_updates": (mangled_updates(index), 25),
            "artefact": (artefact(given_arguments.data, Path(scratch)), 60),
        }
        if given_arguments.only:
            targets = {given_arguments.only: targets[given_arguments.only]}
        limited = [
            (name, settings(max_examples=examples, deadline=None, database=None, print_blob=False,
                            suppress_health_check=list(HealthCheck))(target))
            for name, (target, examples) in targets.items()
        ]  # fmt: skip
        while time.monotonic() < ends:
            for name, run in limited:
                number += 1
                try:
                    seed(number)(run)()
                except BaseException:
                    sys.stdout.write(f"{name} failed: --only {name} --seed {number - 1}\n")
                    raise
                if time.monotonic() >= ends:
                    break
    index.close()
    tried = ", ".join(f"{number:,} {what}" for what, number in counted.items())
    sys.stdout.write(f"no crash in {given_arguments.minutes:g} minutes: {tried}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
