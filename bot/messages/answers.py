"""Answers as Telegram messages: pure functions from what the index found to HTML and buttons.

Telegram refuses a message of more than 4096 UTF-16 code units after parsing or 32 KiB before. So a quote is shortened
to the room that the other lines leave, between graphemes and around the sentence that answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from telegram import InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.answer_notes import more_about, read_as, what_differs
from bot.messages.buttons import (
    AnswerRef,
    Mark,
    Paging,
    Place,
    add_button,
    open_button,
    snippet_rows,
    topic_rows,
    vote_buttons,
)
from bot.messages.telegram_text import GRAPHEME, fitting, parsed_units, safe, source_url, units, visible
from index.knowledge.snippet import Snippet, Source, Span, Topic
from index.search.answer import CLOSEST, Answer
from index.search.decision import Decision

MESSAGE_UNITS = 4096
"""The longest message, in UTF-16 code units after parsing."""
LONG_QUOTE = 600
"""From so many UTF-16 code units on a quote is folded until it is tapped."""

_SPARE = 24
_SHOWN_SOURCES = 3
_TOPICS = 10


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to be sent: Telegram HTML and the buttons under it."""

    html: str
    keyboard: InlineKeyboardMarkup | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What an answer is written with: the reader's texts, where links lead, and what a vote refers to."""

    texts: Texts
    place: Place
    ref: AnswerRef


def extract(snippet: Snippet, highlight: Span | None, limit: int) -> Span:
    """Return the span of the snippet's text to quote: all of it if it fits, else a part with the highlighted sentence.

    The part begins with the text if the sentence is still reached, else with the sentence. It ends with a sentence
    where it can. Both ends lie between graphemes; a grapheme longer than ``limit`` leaves an empty span.
    """
    text = snippet.text
    if units(text) <= limit:
        return (0, len(text))
    start = 0
    if highlight and units(text[: highlight[1]]) > limit:
        start = next(m.start() for m in GRAPHEME.finditer(text) if m.end() > highlight[0])
    end = fitting(text, start, limit)
    required = highlight[1] if highlight else start + 1
    whole = [stop for _, stop in snippet.sentences if required <= stop <= end]
    return (start, whole[-1] if whole else end)


def quote(snippet: Snippet, highlight: Span | None, limit: int) -> tuple[str, bool]:
    """Return the blockquote of a snippet with the highlighted sentence in bold, and whether it is shortened."""
    start, end = extract(snippet, highlight, limit)
    text = snippet.text[start:end]
    shortened = end - start < len(snippet.text)
    if not visible(text):
        return "", shortened
    first, last = (max(highlight[0], start) - start, min(highlight[1], end) - start) if highlight else (0, 0)
    if 0 < last - first < len(text) and visible(text[first:last]):
        before, bold, after = (escape(part, quote=False) for part in (text[:first], text[first:last], text[last:]))
        inner = f"{before}<b>{bold}</b>{after}"
    else:
        inner = escape(text, quote=False)
    tag = "blockquote expandable" if units(text) > LONG_QUOTE else "blockquote"
    return f"<{tag}>{inner}</blockquote>", shortened


def snippet_html(
    snippet: Snippet, highlight: Span | None, texts: Texts, place: Place, limit: int = MESSAGE_UNITS
) -> str:
    """Return a snippet as HTML of at most ``limit`` UTF-16 code units: title, quote, speaker, sources, date.

    The limit is 600 or more. The longest lines below the quote are left out where they leave it no room.
    """
    head = f'<a href="{place.snippet_link(snippet.key)}"><b>{safe(snippet.title, snippet.id)}</b></a>'
    feet = list(_feet(snippet, texts))
    note = f"<i>{texts('answer-shortened')}</i>"
    room = limit - parsed_units(head) - 1 - parsed_units(note) - _SPARE - lines_units(feet)
    while feet and room <= 0:
        longest = max(feet, key=parsed_units)
        feet.remove(longest)
        room += lines_units([longest])
    quoted, shortened = quote(snippet, highlight, room)
    middle = [line for line in (quoted, note if shortened else "") if line]
    return "\n".join([head, *middle, *feet])


def lines_units(lines: Sequence[str]) -> int:
    """Return the length of lines of HTML after parsing, with their line breaks, in UTF-16 code units."""
    return sum(parsed_units(line) + 1 for line in lines)


def _feet(snippet: Snippet, texts: Texts) -> Iterator[str]:
    if speaker := safe(snippet.speaker or ""):
        yield f"🗣 {speaker}"
    for source in snippet.sources[:_SHOWN_SOURCES]:
        yield f"📰 {source_line(source, texts)}"
    if (more := len(snippet.sources) - _SHOWN_SOURCES) > 0:
        yield f"📰 {texts('answer-more-sources', count=more)}"
    if snippet.as_of:
        yield f"📅 {texts('answer-as-of', date=safe(texts.date(snippet.as_of)))}"


def source_line(source: Source, texts: Texts) -> str:
    """Return publisher, linked title and date of a source as one line of HTML."""
    title, url = safe(source.title, source.id), source_url(source)
    parts = [
        safe(source.publisher),
        f'<a href="{escape(url)}">{title}</a>' if url else title,
        safe(texts.date(source.date)) if source.date else "",
    ]
    return ", ".join(part for part in parts if part)


def answer_message(
    answer: Answer, frame: Frame, topics: Sequence[Topic], *, follow_up: bool = False, captioned: bool = False
) -> Rendered:
    """Return the message for an answer, by its decision.

    Args:
        answer: What the index found.
        frame: What the message is written with.
        topics: Offered where nothing answers.
        follow_up: The question was understood together with the one before.
        captioned: The question stood under a picture or file, which the bot cannot read.
    """
    texts, notes = frame.texts, []
    if captioned:
        notes.append(f"<i>{texts('answer-caption')}</i>")
    if answer.truncated:
        notes.append(f"<i>{texts('answer-question-cut')}</i>")
    if follow_up:
        notes.append(f"<i>{texts('answer-follow-up')}</i>")
    elif answer.decision is not Decision.NONE:
        notes += read_as(answer, texts)
    if answer.decision is Decision.ANSWER and answer.hits:
        return _quoted(answer, frame, notes)
    if answer.decision is Decision.CLOSEST and answer.hits:
        return _closest(answer, frame, notes)
    return _none(answer, frame, topics, notes)


def _quoted(answer: Answer, frame: Frame, notes: list[str]) -> Rendered:
    hit, texts, place = answer.hits[0], frame.texts, frame.place
    rows = snippet_rows(hit.snippet, texts, place, Paging.over(answer.hits, hit.snippet.language))
    more = [f"▶ {line}" for line in more_about(answer, texts)]
    room = MESSAGE_UNITS - lines_units([*notes, *more])
    lines = [*notes, snippet_html(hit.snippet, hit.highlight, texts, place, room), *more]
    return Rendered("\n".join(lines), InlineKeyboardMarkup([*rows, vote_buttons(frame.ref)]))


def _closest(answer: Answer, frame: Frame, notes: list[str]) -> Rendered:
    texts, place, hits = frame.texts, frame.place, answer.hits[:CLOSEST]
    head = [*notes, *what_differs(answer, texts), texts("closest-intro")]
    room = (MESSAGE_UNITS - sum(parsed_units(line) + 2 for line in head)) // len(hits) - 2
    quotes = [snippet_html(hit.snippet, hit.highlight, texts, place, room) for hit in hits]
    rows = [[open_button(hit.snippet.title, hit.snippet, Mark.of(hit))] for hit in hits]
    return Rendered(
        "\n\n".join(["\n".join(head), *quotes]),
        InlineKeyboardMarkup([*rows, [add_button(frame.ref, texts)], vote_buttons(frame.ref)]),
    )


def _none(answer: Answer, frame: Frame, topics: Sequence[Topic], notes: list[str]) -> Rendered:
    texts, nearest = frame.texts, answer.hits[:CLOSEST]
    lines = [texts("none-intro"), *notes, "", texts("none-nearest" if nearest else "none-topics")]
    rows = [[open_button(hit.question or hit.snippet.title, hit.snippet, Mark.of(hit))] for hit in nearest]
    rows += topic_rows(topics[:_TOPICS], texts.language, "t")
    return Rendered("\n".join(lines), InlineKeyboardMarkup([*rows, [add_button(frame.ref, texts)]]))


def next_snippet(snippet: Snippet, highlight: Span | None, texts: Texts, place: Place, paging: Paging) -> Rendered:
    """Return another snippet of an answer and its number; without votes, which belong to the question."""
    note = f"<i>{texts('answer-position', number=paging.at + 1, count=len(paging.marks))}</i>"
    html = f"{note}\n{snippet_html(snippet, highlight, texts, place, MESSAGE_UNITS - lines_units([note]))}"
    return Rendered(html, InlineKeyboardMarkup(snippet_rows(snippet, texts, place, paging)))


def single_snippet(snippet: Snippet, texts: Texts, place: Place, highlight: Span | None = None) -> Rendered:
    """Return a snippet that somebody chose, as a message of its own."""
    html = snippet_html(snippet, highlight, texts, place)
    return Rendered(html, InlineKeyboardMarkup(snippet_rows(snippet, texts, place)))
