"""Replies to small talk and to questions about the bot."""

from __future__ import annotations

from copy import copy

import pytest

from bot.locales import LANGUAGES, Locales
from bot.messages.bot_facts import LONGEST, talk_html
from bot.messages.talk_phrases import TalkKind
from bot.messages.telegram_text import parsed_units
from index.knowledge.profile import Profile
from index.search.index import Index
from tests.support.telegram_rules import check_text


def with_profile(index: Index, **fields: object) -> Index:
    """Return the index with another profile."""
    other = copy(index)
    other.profile = Profile.model_validate(fields)
    return other


def reply(kind: TalkKind, index: Index, language: str = "en") -> str:
    return talk_html(kind, index, Locales(index.profile, index.languages).texts(language))


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("kind", list(TalkKind))
def test_every_reply_is_short_and_can_be_sent(kind: TalkKind, language: str, real_index: Index) -> None:
    """With a full profile and with an empty one, no reply has more than 400 characters."""
    for index in (real_index, with_profile(real_index)):
        html = reply(kind, index, language)
        check_text(html)
        assert parsed_units(html) <= LONGEST


@pytest.mark.parametrize("kind", [TalkKind.THANKS, TalkKind.OK, TalkKind.BYE])
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_thanks_and_praise_get_three_words_at_most(kind: TalkKind, language: str, real_index: Index) -> None:
    """A person who is done does not want to read on."""
    assert len(reply(kind, real_index, language).split()) <= 3


def test_who_runs_the_bot_comes_from_the_profile(real_index: Index) -> None:
    """The operator and the contact are named, escaped; without them the reply says that they are not stated."""
    index = with_profile(real_index, operator="Tom & Ann", contact="ann@example.org")
    assert reply(TalkKind.MAKER, index) == "Who runs this bot: Tom &amp; Ann.\nContact: ann@example.org"
    assert reply(TalkKind.HUMAN, index).endswith("Contact: ann@example.org")
    nameless = with_profile(real_index)
    assert "not stated" in reply(TalkKind.MAKER, nameless)
    assert "No contact" in reply(TalkKind.HUMAN, nameless)


def test_whether_the_bot_is_official_comes_from_the_profile(real_index: Index) -> None:
    """A profile that does not say so leads to a reply that claims nothing."""
    index = with_profile(real_index, official={"en": "Yes, the club runs it.", "ru": "Да, его ведёт клуб."})
    assert reply(TalkKind.OFFICIAL, index) == "Yes, the club runs it."
    assert reply(TalkKind.OFFICIAL, index, "ru") == "Да, его ведёт клуб."
    assert "cannot speak for anybody" in reply(TalkKind.OFFICIAL, with_profile(real_index))


def test_how_recent_the_data_is_comes_from_the_index(real_index: Index) -> None:
    """The newest date of all snippets is named, and how many topics there are."""
    dates = [s.as_of for found in real_index.snippets.values() for s in found.values() if s.as_of]
    html = reply(TalkKind.RECENT, real_index)
    assert Locales().texts("en").date(max(dates)) in html
    assert f"{len(real_index.topics)} topics" in html


def test_a_greeting_says_what_can_be_asked(real_index: Index) -> None:
    """The subject is named; without one, some topics are."""
    index = with_profile(real_index, subject="bees & honey")
    assert reply(TalkKind.HELLO, index) == "Hello! Ask me about bees &amp; honey."
    assert real_index.topics[0].title["en"] in reply(TalkKind.HELLO, with_profile(real_index))
    empty = with_profile(real_index)
    empty.topics = ()
    assert reply(TalkKind.HELLO, empty) == "Hello! Write me a question."
