"""Pages to browse: numbered, at most seven buttons, with a way back; sensible with one topic, none, and no sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.locales import LANGUAGES, texts_for
from bot.messages.answers import Rendered
from bot.messages.buttons import Place
from bot.messages.examples import example_behind, example_questions
from bot.messages.pages import Pages, _shortened, _slice
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.knowledge.profile import Profile
from index.knowledge.snippet import snippet_key
from index.search.index import Index
from tests.support.small_knowledge import MakeKnowledge
from tests.support.telegram_rules import check_keyboard, check_text, units

PLACE = Place("test_bot")
FLAT = {
    "opening.md": ("When is the club open?", "The club is open on Mondays.", ["opening hours"]),
    "fees.md": ("Fees", "A year costs ten pounds.", ["Does it cost anything?"]),
}


def buttons(page: Rendered) -> list[tuple[str, str]]:
    """Return label and data of each button."""
    rows = page.keyboard.inline_keyboard if page.keyboard else ()
    return [(button.text, str(button.callback_data or button.url)) for row in rows for button in row]


@pytest.fixture
def flat(make_knowledge: MakeKnowledge, data: Path) -> Iterator[Pages]:
    """The pages of a folder whose snippets lie in no topic and that names no topics."""
    build(make_knowledge(FLAT), data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    yield Pages(index, PLACE)
    index.close()


@given(st.integers(1, 300), st.integers(1, 12), st.integers(0, 400))
def test_pages_are_even_and_hold_everything(count: int, size: int, wanted: int) -> None:
    """No page is longer than it may be, their lengths differ by less than a page, and nothing is left out."""
    items = list(range(count))
    shown, page, pages = _slice(items, wanted, size)
    assert page == min(wanted, pages - 1)
    assert 0 < len(shown) <= size
    assert [item for number in range(pages) for item in _slice(items, number, size)[0]] == items


@given(st.text(min_size=1, max_size=150), st.integers(20, 60))
def test_a_long_title_ends_behind_a_word(text: str, limit: int) -> None:
    """What fits is whole; what does not fit is no longer than allowed and ends with an ellipsis."""
    short = _shortened(text, limit)
    assert units(short) <= limit
    if units(text) <= limit:
        assert short == text


def test_a_title_is_not_cut_within_a_word() -> None:
    """The last word that does not fit is left out with the comma before it."""
    assert _shortened("Memoranda, roadmaps, agreements", 24) == "Memoranda, roadmaps…"


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_page_can_be_shown_and_left(language: str, real_index: Index) -> None:
    """Each page has its number, at most seven buttons and a way back to the page it was opened from."""
    pages, texts = Pages(real_index, PLACE), texts_for(language)
    seen = set()
    for number in range(9):
        page = pages.topics_page(texts, number)
        check_text(page.html)
        check_keyboard(page.keyboard.to_dict() if page.keyboard else None)
        assert len(buttons(page)) <= 7
        shown = [data for _, data in buttons(page) if len(data) > 11]
        for data in shown:
            topic = pages.topic(data[1:12])
            assert topic is not None
            opened = pages.topic_page(topic, texts, 0)
            assert len(buttons(opened)) <= 7
            back = buttons(opened)[-1][1]
            assert back == f"b:{min(number, 2)}.{language}"
            seen.add(topic.id)
    assert seen == {topic.id for topic in real_index.topics}
    assert "2 / 3" in pages.topics_page(texts, 1).html


def test_a_passage_leads_back_to_its_page_of_its_topic(real_index: Index) -> None:
    """Opened from a link, too, where nobody came from a page; the button names the topic."""
    pages, texts = Pages(real_index, PLACE), texts_for("en")
    topic = real_index.topics[2]
    last = real_index.in_topic(topic.id)[-1]
    read = pages.linked(f"p_{last.key}", texts)
    assert read is not None
    name, data = buttons(read)[-1]
    assert name == f"◀ {topic.title['en']}"
    assert data.startswith(f"b{snippet_key(topic.id)}:")
    page = int(data[13:-3])
    assert f"r{last.key}:{page}.en" in [data for _, data in buttons(pages.topic_page(topic, texts, page))]


def test_a_folder_without_topics_is_browsed_as_one_list(flat: Pages) -> None:
    """The list has a title in words, its passages lead back to it, and nothing points to topics."""
    texts = texts_for("en")
    page = flat.topics_page(texts)
    assert page.html.startswith("<b>All answers</b>")
    assert [text for text, _ in buttons(page)] == ["Fees", "When is the club open?"]
    snippet = flat.index.snippet("fees", "en")
    assert snippet is not None
    assert buttons(flat.reading_page(snippet, texts))[-1] == ("◀ All answers", f"b{snippet_key('')}:0.en")
    assert flat.topics_button(texts).text == "☰ All answers"


def test_passages_with_one_title_are_told_apart(make_knowledge: MakeKnowledge, data: Path) -> None:
    """Paragraphs of a plain text have its name for a title; their buttons go on with their words."""
    folder = make_knowledge({"a.md": ("Dogs", "Dogs stay outside.", ["d"]), "b.md": ("Dogs", "Cats, too.", ["c"])})
    build(folder, data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    try:
        page = Pages(index, PLACE).topics_page(texts_for("en"))
        assert [text for text, _ in buttons(page)] == ["Dogs: Dogs stay outside.", "Dogs: Cats, too."]
    finally:
        index.close()


def test_labels_follow_the_passage_and_buttons_the_reader(flat: Pages) -> None:
    """An English passage keeps English labels for somebody who reads the buttons in Russian."""
    snippet = flat.index.snippet("fees", "en")
    assert snippet is not None
    page = flat.reading_page(snippet, texts_for("ru"))
    assert "As of 4 June 2025" in page.html
    assert buttons(page)[-1][0] == "◀ Вся подборка"


def test_what_lies_outside_the_topics_can_be_browsed(make_knowledge: MakeKnowledge, data: Path) -> None:
    """It makes one more topic behind the others."""
    folder = make_knowledge({**FLAT, "rules/dogs.md": ("Dogs", "Dogs stay outside.", ["may I bring a dog"])})
    build(folder, data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    try:
        page = Pages(index, PLACE).topics_page(texts_for("en"))
        assert [text for text, _ in buttons(page)] == ["Rules", "Other answers"]
        assert "1 answer" in page.html
    finally:
        index.close()


def test_without_sources_the_page_says_so(flat: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list would look broken."""
    monkeypatch.setattr(flat.index, "sources", ())
    assert flat.sources_page(texts_for("en"), 0) == Rendered("This collection names no sources.")


def test_examples_are_the_editors_else_full_questions_of_the_topics(
    flat: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keywords are none; a title may be a question; each can be found again by its button."""
    index = flat.index
    assert example_questions(index, "en") == ["Does it cost anything?", "When is the club open?"]
    assert example_behind(index, snippet_key("When is the club open?")) == "When is the club open?"
    monkeypatch.setattr(index, "profile", Profile(examples={"en": ("What does it cost?",)}))
    assert example_questions(index, "en") == ["What does it cost?"]
    assert example_behind(index, snippet_key("What does it cost?")) == "What does it cost?"
    assert example_behind(index, snippet_key("Who are you?")) is None


def test_examples_are_in_the_readers_language_or_in_the_only_one(flat: Pages, real_index: Index) -> None:
    """Where the knowledge speaks several languages, nobody is shown questions in another than theirs."""
    assert example_questions(flat.index, "kk") == example_questions(flat.index, "en")
    assert example_questions(real_index, "kk") == list(real_index.profile.examples["kk"])
    assert example_questions(real_index, "fr") == []
