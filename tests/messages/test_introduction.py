"""What the bot says of itself: the words of its folder, else its topics; true of every folder, and short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.locales import LANGUAGES, texts_for
from bot.messages.buttons import Place
from bot.messages.introduction import about, group_note, help_text, welcome, what_it_answers
from index.knowledge.profile import Profile, read_profile
from index.knowledge.snippet import Topic
from index.search.index import Index
from index.version.manifest import Manifest
from tests.support.telegram_rules import check_text, units

OWN = read_profile(Path(__file__).parents[2] / "knowledge", [])
TOPICS = (Topic("bikes", {"en": "Bikes", "fr": "Vélos"}), Topic("", {"en": "Batteries & chargers"}))
PLACE = Place("test_bot")


def manifest(index: Index, **changes: Any) -> Manifest:
    """Return the manifest of a folder that says nothing of itself, with changes."""
    return index.manifest.model_copy(update={"profile": Profile(), **changes})


def test_the_subject_is_named_in_the_readers_language() -> None:
    """A subject is put behind "Ask me about", with what HTML would read as markup escaped."""
    profile = Profile(subject={"en": "bikes & more", "ru": "велосипедах"})
    assert what_it_answers(profile, TOPICS, texts_for("en")) == "Ask me about bikes &amp; more."
    assert what_it_answers(profile, TOPICS, texts_for("ru")) == "Спросите меня о велосипедах."


def test_without_a_subject_the_topics_are_named() -> None:
    """So is it where the subject is given in other languages only; a subject that is given once holds for all."""
    named = "I answer questions about: Bikes, Batteries &amp; chargers."
    assert what_it_answers(Profile(), TOPICS, texts_for("en")) == named
    other = Profile(subject={"ru": "велосипедах", "kk": "велосипед"})
    assert what_it_answers(other, TOPICS, texts_for("en")) == named
    assert what_it_answers(Profile(subject={"fr": "les vélos"}), TOPICS, texts_for("en")) == "Ask me about les vélos."


def test_many_topics_are_named_in_part() -> None:
    """Six topics and a word for the rest; semicolons stand between titles with commas."""
    many = [Topic(str(number), {"en": f"Topic {number}, told"}) for number in range(9)]
    line = what_it_answers(Profile(), many, texts_for("en"))
    assert line.startswith("I answer questions about: Topic 0, told; Topic 1, told;")
    assert line.endswith("Topic 5, told and more.")


def test_a_folder_without_topics_is_introduced_too() -> None:
    """The sentence then names nothing."""
    assert what_it_answers(Profile(), (), texts_for("en")) == "Ask me about the texts of this collection."


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_our_own_introduction_is_complete_and_short(language: str, real_index: Index) -> None:
    """Name, greeting and who runs it are there in each language; no text has more than 900 characters."""
    own, texts = manifest(real_index, profile=OWN), texts_for(language)
    first, told = welcome(own, own.topics, texts, examples=True), about(own, texts, "2025-12")
    assert OWN.name[language] in first
    assert OWN.greeting[language] in first
    assert OWN.operator[language] in told
    assert OWN.official[language] in told
    for html in (
        first,
        told,
        help_text(own, texts, PLACE, LANGUAGES),
        group_note(own, own.topics, texts, "test_bot", recorded=True),
    ):
        assert units(check_text(html)) <= 900


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_telegrams_own_texts_fit(language: str) -> None:
    """Telegram takes 64 characters of a name, 512 and 120 of the descriptions."""
    assert 0 < units(OWN.name[language]) <= 64
    assert 0 < units(OWN.description[language]) <= 512
    assert 0 < units(OWN.short_description[language]) <= 120


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_greeting_and_help_say_whose_words_an_answer_is(language: str, real_index: Index) -> None:
    """With sources: editors wrote it from publications, and quotation marks hold the speakers' own words."""
    texts, bare = texts_for(language), manifest(real_index)
    for html in (
        welcome(bare, bare.topics, texts, examples=False),
        help_text(bare, texts, PLACE, LANGUAGES),
        about(bare, texts, None),
    ):
        assert texts("claim-sources") in html
    unsourced = manifest(real_index, sources=())
    assert texts("claim") in welcome(unsourced, unsourced.topics, texts, examples=False)
    assert texts("claim-sources") not in welcome(unsourced, unsourced.topics, texts, examples=False)


def test_help_lists_only_what_exists(real_index: Index) -> None:
    """No /sources without sources, no /language with one language, no inline mode where the bot has none."""
    texts = texts_for("en")
    full = help_text(manifest(real_index), texts, PLACE, LANGUAGES)
    assert "/sources –" in full
    assert "/language – English, Русский, Қазақша" in full
    assert "In any chat" in full
    bare = help_text(manifest(real_index, sources=()), texts, Place("test_bot", inline=False), {"en": "English"})
    assert "/sources" not in bare
    assert "/language" not in bare
    assert "In any chat" not in bare
    assert "/topics –" in bare


def test_about_leaves_out_what_nobody_told(real_index: Index) -> None:
    """No line is empty: without operator, contact, sources and dates there are counts, languages and the version."""
    bare = manifest(real_index, sources=(), topics=())
    lines = check_text(about(bare, texts_for("en"), None)).splitlines()
    assert lines[0] == "About this collection"
    assert [line.split(":")[0] for line in lines[3:]] == [
        f"{bare.counts['snippets']} answers", "Languages", "Published", "Version",
    ]  # fmt: skip


def test_a_group_reads_what_is_recorded(real_index: Index) -> None:
    """The note tells how to ask, that only such messages are read, and whether they are recorded."""
    bare, texts = manifest(real_index), texts_for("en")
    note = group_note(bare, bare.topics, texts, "test_bot", recorded=True)
    assert "@test_bot" in note
    assert "they are recorded, without names: /privacy" in note
    assert "record none of them: /privacy" in group_note(bare, bare.topics, texts, "test_bot", recorded=False)
