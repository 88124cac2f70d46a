"""Conversations: follow-ups, questions about a quote, and more about the same."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import LOG_FILE
from index.search.index import Index
from tests.support.telegram_bench import GROUP, ME, Bench, Call, run

CONVERSATIONS = yaml.safe_load(Path(__file__).with_name("conversations.yaml").read_text("utf-8"))
RELATED, UNRELATED, QUOTE, MORE = 0.8, 0.95, 0.95, 0.9
"""The least shares that must be understood."""

NOTHING = ("This passage does not say more", "В показанном фрагменте об этом", "Мұнда бұл туралы басқа")
SAME = ("In the same passage", "В том же фрагменте", "Сол үзіндіде")
NO_MORE = "I have nothing more about this."
HEADS = {
    "source": r"📰 ",
    "speaker": r"🗣 |The editors name no single speaker",
    "date": r"📅 |The editors give no date",
    "how": r"The editors wrote it",
    "words": r"The speaker’s own words are only these|This is the editors’ wording",
}
HALVES = pytest.mark.parametrize("half", ["tuned", "held"])


def _quoted(index: Index, call: Call) -> set[str]:
    """Return the ids of the snippets from which a message quotes a sentence."""
    ids = set()
    for snippet_id in index.snippets:
        for snippet in index.snippets[snippet_id].values():
            if any(snippet.text[start:end] in call.text for start, end in snippet.sentences):
                ids.add(snippet_id)
    return ids


def _share(outcomes: dict[str, bool], least: float) -> None:
    wrong = [case for case, right in outcomes.items() if not right]
    assert 1 - len(wrong) / len(outcomes) >= least, wrong


async def _after(there: Bench, first: str, then: str, person: int) -> tuple[Call, Call]:
    """Ask two things one after the other and return both replies."""
    (one,) = await there.say(first, person)
    (two,) = await there.say(then, person)
    return one, two


@HALVES
def test_follow_ups_are_answered_with_what_was_before(half: str, real_index: Index, tmp_path: Path) -> None:
    """What goes on from a quote is answered by it or by the passage that covers both."""
    outcomes: dict[str, bool] = {}

    async def scenario(there: Bench) -> None:
        for person, (first, then, ids) in enumerate(CONVERSATIONS[half]["related"], start=1):
            _, reply = await _after(there, first, then, person)
            outcomes[f"{first} {then}"] = not _quoted(real_index, reply).isdisjoint(ids)

    run(real_index, tmp_path, scenario)
    _share(outcomes, RELATED)


@HALVES
def test_what_does_not_go_on_is_kept_apart(half: str, real_index: Index, tmp_path: Path) -> None:
    """A question that the quote does not answer is never answered from it, neither whole nor in part."""
    outcomes: dict[str, bool] = {}

    async def scenario(there: Bench) -> None:
        for person, (first, then) in enumerate(CONVERSATIONS[half]["unrelated"], start=1):
            one, reply = await _after(there, first, then, person)
            outcomes[f"{first} {then}"] = _quoted(real_index, one).isdisjoint(_quoted(real_index, reply))

    run(real_index, tmp_path, scenario)
    _share(outcomes, UNRELATED)


@HALVES
def test_what_is_asked_about_a_quote_is_told_without_it(half: str, real_index: Index, tmp_path: Path) -> None:
    """One to three lines tell the fact that was asked for; every source is linked."""
    outcomes: dict[str, bool] = {}

    async def scenario(there: Bench) -> None:
        (first,) = await there.say("What is the Critical Minerals Association?")
        (shown,) = _quoted(real_index, first)
        snippet = real_index.snippet(shown)
        assert snippet
        for fact, wordings in CONVERSATIONS[half]["quote"].items():
            for wording in wordings:
                (reply,) = await there.say(wording)
                lines = reply.text.splitlines()
                right = re.match(HEADS[fact], reply.text) and len(lines) <= 3 and snippet.text not in reply.text
                links = [source.url for source in snippet.sources if source.url]
                outcomes[wording] = bool(right) and all(str(link) in reply.parameters["text"] for link in links)

    run(real_index, tmp_path, scenario)
    _share(outcomes, QUOTE)


@HALVES
def test_more_leads_to_another_passage_about_the_same(half: str, real_index: Index, tmp_path: Path) -> None:
    """The next passage is another one, and has the votes of the answer before; where no more is linked, none comes."""
    outcomes: dict[str, bool] = {}

    async def scenario(there: Bench) -> None:
        for person, (first, then) in enumerate(CONVERSATIONS[half]["more"], start=1):
            one, reply = await _after(there, first, then, person)
            shown = real_index.reply(first).answers[0].hits[0].snippet
            others = _quoted(real_index, reply) - {shown.id}
            new = reply.text.startswith("More about this") and bool(others) and reply.data("v+") == one.data("v+")
            outcomes[f"{first} {then}"] = new or (not shown.see_also and reply.text == NO_MORE)

    run(real_index, tmp_path, scenario)
    _share(outcomes, MORE)


def test_more_comes_to_an_end(real_index: Index, tmp_path: Path) -> None:
    """No passage comes twice, and the last message says that there is nothing more."""

    async def scenario(there: Bench) -> None:
        seen = [_quoted(real_index, (await there.say("How are rare earth magnets recycled?"))[0])]
        for _ in range(20):
            (reply,) = await there.say("more")
            if reply.text == NO_MORE:
                break
            seen.append(_quoted(real_index, reply))
        assert reply.text == NO_MORE
        assert len(seen) > 2
        assert all(one.isdisjoint(other) for number, one in enumerate(seen) for other in seen[:number])

    run(real_index, tmp_path, scenario)


def test_a_failed_follow_up_is_refused_by_name_and_is_no_base(real_index: Index, tmp_path: Path) -> None:
    """The refusal has the way to the editors; the next follow-up goes on from the quote before it."""

    async def scenario(there: Bench) -> None:
        await there.say("How much is trade between the UK and Kazakhstan?")
        (refused,) = await there.say("what about bitcoin?")
        assert refused.text.startswith(NOTHING[0])
        assert refused.data("a")
        (answered,) = await there.say("and in 2023?")
        assert "business/trade-2022-2023" in _quoted(real_index, answered)

    run(real_index, tmp_path, scenario)
    with closing(sqlite3.connect(tmp_path / LOG_FILE)) as log:
        rows = log.execute("SELECT id, question, decision, follow_up_of FROM questions ORDER BY seq").fetchall()
    first = rows[0][0]
    assert [row[1:] for row in rows[1:]] == [
        ("what about bitcoin?", "none", first),
        ("and in 2023?", "answer", first),
    ]


def test_nothing_is_told_about_a_quote_that_was_not_shown(real_index: Index, tmp_path: Path) -> None:
    """Without a quote before it, a question about it gets one line; another person's quote does not count."""

    async def scenario(there: Bench) -> None:
        await there.say("What is the Critical Minerals Association?", 1)
        for text in ("source?", "tell me more"):
            (reply,) = await there.say(text, 2)
            assert reply.text == "I cannot tell which answer you mean. Reply to it, or ask a question first."
            assert reply.buttons == []

    run(real_index, tmp_path, scenario)


def _reply_to(message_id: int, group: bool) -> dict[str, Any]:
    chat = {"id": GROUP, "type": "supergroup", "title": "Team"} if group else {"id": 1, "type": "private"}
    return {"reply_to_message": {"message_id": message_id, "date": 1, "from": ME, "chat": chat, "text": "…"}}


def test_a_reply_in_a_group_is_about_the_answer_it_replies_to(real_index: Index, tmp_path: Path) -> None:
    """Somebody else's answer is the base, whatever the person was shown last; their entry takes no votes."""

    async def scenario(there: Bench) -> None:
        await there.say("@test_bot What is Hyrasia One?", 1, group=True)
        theirs = there.telegram.messages
        await there.say("@test_bot What is the Critical Minerals Association?", 2, group=True)
        (source,) = await there.say("source?", 2, group=True, **_reply_to(theirs, group=True))
        assert all(
            str(source_.url) in source.parameters["text"]
            for source_ in _sources(real_index, "energy-transport/hyrasia-one")
        )
        (when,) = await there.say("when will it start?", 2, group=True, **_reply_to(theirs, group=True))
        assert _quoted(real_index, when) == {"energy-transport/hyrasia-one"}

    run(real_index, tmp_path, scenario)


def _sources(index: Index, snippet_id: str) -> tuple[Any, ...]:
    snippet = index.snippet(snippet_id)
    assert snippet
    return snippet.sources


def test_an_older_answer_is_the_base_of_a_reply_to_it(real_index: Index, tmp_path: Path) -> None:
    """In a private chat too, and after a restart, when only the database knows what the message quotes."""

    async def first(there: Bench) -> None:
        await there.say("What is Hyrasia One?")

    async def second(there: Bench) -> None:
        there.telegram.messages = 2000
        await there.say("What is the Critical Minerals Association?")
        (reply,) = await there.say("when will it start?", **_reply_to(1001, group=False))
        assert _quoted(real_index, reply) == {"energy-transport/hyrasia-one"}

    run(real_index, tmp_path, first)
    run(real_index, tmp_path, second)


def test_a_passage_opened_by_a_link_or_button_is_a_base(real_index: Index, tmp_path: Path) -> None:
    """Whatever showed the quote, the next message can go on from it."""
    snippet = real_index.snippet("energy-transport/hyrasia-one")
    assert snippet

    async def scenario(there: Bench) -> None:
        await there.say(f"/start p_{snippet.key}")
        (reply,) = await there.say("when will it start?")
        assert _quoted(real_index, reply) == {snippet.id}
        (page,) = await there.say("What is the Critical Minerals Association?", 2)
        await there.press(page, f"p{snippet.key}0en", 2)
        (reply,) = await there.say("when will it start?", 2)
        assert _quoted(real_index, reply) == {snippet.id}

    run(real_index, tmp_path, scenario)


def test_an_edited_message_does_not_go_on_from_its_own_answer(real_index: Index, tmp_path: Path) -> None:
    """The base of an edited follow-up is the quote before it."""

    async def scenario(there: Bench) -> None:
        await there.say("How much is trade between the UK and Kazakhstan?")
        message = there.message("and in 2023?")
        await there.take("message", message)
        calls = await there.take("edited_message", {**message, "text": "and in 2022?", "edit_date": message["date"]})
        (reply,) = [call for call in calls if call.method == "editMessageText"]
        assert "business/trade-2022-2023" in _quoted(real_index, reply)
        assert not reply.text.startswith(SAME)

    run(real_index, tmp_path, scenario)


def test_the_same_passage_gives_its_sentence_and_not_the_whole_quote(real_index: Index, tmp_path: Path) -> None:
    """A follow-up that the quote itself answers gets the sentence, with votes of its own."""

    async def scenario(there: Bench) -> None:
        (one,) = await there.say("When was the tungsten plant opened?")
        (two,) = await there.say("how much did it cost?")
        assert two.text.startswith("In the same passage:\nThe Almaty Region plant cost 300 million dollars")
        assert len(two.text.splitlines()) == 2
        assert one.data("v+") != two.data("v+")

    run(real_index, tmp_path, scenario)
