"""Throw made-up and mangled updates at the bot for as long as is wanted; no part of the test run.

    python tests/benchmarks/fuzz.py --data DATA [--minutes 10] [--seed N]

DATA is a folder with a built index. Ends with 1 at the first update that makes something fail, and prints it, made as
small as possible.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import json
import logging
import os
import random
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

from index.search.index import Index  # noqa: E402
from tests.support.telegram_bench import GROUP, ME, Bench, Json, bench  # noqa: E402

counted: Counter[str] = Counter()

# What Telegram can hold: all of Unicode but halves of characters.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))

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
                assert there.services.metrics.failures == 0, (kind, body)
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


def main() -> int:
    """Go round all targets until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("BOT_DATA_DIR", "data")))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    logging.disable()
    faulthandler.enable()
    index = Index.open(options.data)
    ends = time.monotonic() + 60 * options.minutes
    number = options.seed
    limits = settings(
        max_examples=25, deadline=None, database=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    targets = [limits(updates(index)), limits(mangled_updates(index))]
    while time.monotonic() < ends:
        for target in targets:
            try:
                seed(number)(target)()
            except BaseException:
                sys.stdout.write(f"failed: --seed {number}\n")
                raise
        number += 1
    index.close()
    tried = ", ".join(f"{number:,} {what}" for what, number in counted.items())
    sys.stdout.write(f"no crash in {options.minutes:g} minutes: {tried}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
