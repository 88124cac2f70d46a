"""Snippets with anything in every field, and whether Telegram takes the message that is made of them."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.locales import LANGUAGES, texts_for
from bot.messages.answers import Rendered
from bot.messages.telegram_text import parsed_units
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet, Source
from index.search.answer import Hit
from tests.support.telegram_rules import check_keyboard, check_text, units

PIECES = [
    "<b>",
    "&amp;",
    "</blockquote>",
    "👩‍👩‍👧‍👦",
    "e\u0301",
    "\u202e",
    "مرحبا ",
    "\u200b",
    "🇰🇿🇬🇧",
    "👍🏽",
    "&",
    "<",
    ">",
    '"',
    "Қазақстан. ",
    "A sentence. ",
    "\n\n",
]
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
WORDS = (
    st.lists(st.one_of(st.sampled_from(PIECES), ANYTHING), min_size=1, max_size=12)
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)
LONG = st.builds(lambda piece, times: piece * times, WORDS, st.integers(1, 300)).map(lambda text: text[:12000])
TEXTS = st.sampled_from(sorted(LANGUAGES)).map(texts_for)
URLS = st.sampled_from(
    [
        None,
        "https://example.com/a?b=c&d=%22",
        "javascript:alert(1)",
        "https://x",
        "http://a.b/" + "c" * 3000,
        'https://a.b/"<>',
    ]
)
SOURCES = st.lists(
    st.builds(
        Source,
        id=st.just("s"),
        publisher=ANYTHING,
        title=ANYTHING,
        date=st.sampled_from([None, "2024", "2024-03", "2024-03-12", "soon"]),
        url=URLS,
    ),
    max_size=6,
).map(tuple)


@st.composite
def snippets(draw: st.DrawFn, text: st.SearchStrategy[str] = LONG) -> Snippet:
    """Snippets with anything in every field."""
    words = draw(text)
    return Snippet(
        id=draw(st.sampled_from(["topic/slug", "т" * 200])),
        language="en",
        topic="topic",
        title=draw(ANYTHING),
        text=words,
        sentences=split_sentences(words),
        speakers=tuple(draw(st.lists(ANYTHING, max_size=2))),
        as_of=draw(st.sampled_from([None, "2025-06", "x"])),
        sources=draw(SOURCES),
        questions=("Why?",),
    )


def hit(snippet: Snippet, sentence: int) -> Hit:
    span = snippet.sentences[sentence % len(snippet.sentences)]
    return Hit(snippet, 1.0, span, next(iter(snippet.questions), None), {}, 1.0)


def accepted(rendered: Rendered) -> str:
    """Return the text if Telegram takes the message."""
    if rendered.keyboard:
        check_keyboard(rendered.keyboard.to_dict())
    text = check_text(rendered.html)
    assert parsed_units(rendered.html) == units(text)
    return text
