"""Answers as Telegram messages: pure functions from what the index found to HTML and buttons.

Telegram refuses a message of more than 4096 UTF-16 code units after parsing or 32 KiB before. So a quote is shortened
to the room that the other lines leave, between graphemes and around the sentence that answers. A message that does not
surely answer stays far below: it should not push what it answers off the screen of a phone.
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
    topics_button,
    vote_buttons,
)
from bot.messages.neighbours import others, suggested
from bot.messages.quotation import quote
from bot.messages.telegram_text import names_in_list, parsed_units, safe, source_url, units
from index.knowledge.snippet import Snippet, Source, Span, Topic
from index.search.answer import Answer
from index.search.decision import Decision

MESSAGE_UNITS = 4096
"""The longest message, in UTF-16 code units after parsing."""
UNSURE_UNITS = 900
"""The longest message that does not surely answer."""

_SPARE = 24
_LEAST_QUOTE = 160
"""A quote keeps so much room before the lines below it do."""
_READ_AS_UNITS = 120
_MOST_SOURCES, _SOURCE_UNITS = 12, 120
_SENTENCE_WORDS = 3


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
    covers: str = ""
    """What the bot can be asked, as HTML, for a question that its editors decided not to cover."""


def snippet_html(
    snippet: Snippet, highlight: Span | None, texts: Texts, place: Place, limit: int = MESSAGE_UNITS
) -> str:
    """Return a snippet as HTML of at most ``limit`` UTF-16 code units: title, quote, speaker, first source, date.

    The limit is 320 or more. Labels are in the language of the snippet. The longest lines below the quote are left out
    where they leave it no room.
    """
    most = min(256, limit // 4)
    title = f"<b>{safe(snippet.title, snippet.id, most)}</b>"
    url = source_url(snippet.sources[0]) if snippet.sources else None
    head = f'<a href="{escape(url)}">{title}</a>' if url else title
    feet = list(_feet(snippet, texts.within(snippet.language), place, most))
    note = f"<i>{texts('answer-shortened')}</i>"
    room = limit - parsed_units(head) - 1 - parsed_units(note) - _SPARE - lines_units(feet)
    while feet and room < min(_LEAST_QUOTE, units(snippet.text)):
        longest = max(feet, key=parsed_units)
        feet.remove(longest)
        room += lines_units([longest])
    quoted, shortened = quote(snippet, highlight, room)
    middle = [line for line in (quoted, note if shortened else "") if line]
    return "\n".join([head, *middle, *feet])


def lines_units(lines: Sequence[str]) -> int:
    """Return the length of lines of HTML after parsing, with their line breaks, in UTF-16 code units."""
    return sum(parsed_units(line) + 1 for line in lines)


def _feet(snippet: Snippet, labels: Texts, place: Place, most: int) -> Iterator[str]:
    if speaker := safe(snippet.speaker or "", limit=most):
        yield f"🗣 {speaker}"
    if snippet.sources:
        line = f"📰 {source_line(snippet.sources[0], labels, most)}"
        if more := len(snippet.sources) - 1:
            words = labels("answer-more-sources", count=more)
            line += f' <a href="{place.sources_link(snippet.key)}">{words}</a>'
        yield line
    if snippet.as_of:
        yield f"📅 {labels('answer-as-of', date=safe(labels.date(snippet.as_of, attributive=True)))}"


def source_line(source: Source, texts: Texts, most: int = 256) -> str:
    """Return publisher, linked title and date of a source as one line of HTML; no part is longer than ``most``."""
    title, url = safe(source.title, source.id, most), source_url(source)
    parts = [
        safe(source.publisher, limit=most),
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
        topics: Those of the knowledge; where nothing answers, a button opens them.
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
        notes += read_as(answer, texts, _READ_AS_UNITS)
    if answer.decision is Decision.ANSWER and answer.hits:
        return _certain(answer, frame, notes)
    if answer.decision is Decision.CLOSEST and answer.hits:
        return _uncertain(answer, frame, notes)
    return _refusal(answer, frame, topics, notes)


def _certain(answer: Answer, frame: Frame, notes: list[str]) -> Rendered:
    hit, texts, place = answer.hits[0], frame.texts, frame.place
    rows = snippet_rows(hit.snippet, texts, place, Paging.over(answer.hits, hit.snippet.language, texts.language))
    more = [f"▶ {line}" for line in more_about(answer, texts)]
    room = MESSAGE_UNITS - lines_units([*notes, *more])
    lines = [*notes, snippet_html(hit.snippet, hit.highlight, texts, place, room), *more]
    return Rendered("\n".join(lines), InlineKeyboardMarkup([*rows, vote_buttons(frame.ref)]))


def _uncertain(answer: Answer, frame: Frame, notes: list[str]) -> Rendered:
    texts, best = frame.texts, answer.hits[0]
    doubt = what_differs(answer, texts) or [texts("likely-note" if answer.likely else "closest-note")]
    head = [*notes, *(f"<i>{line}</i>" for line in doubt)]
    room = UNSURE_UNITS - lines_units(head)
    html = "\n".join([*head, snippet_html(best.snippet, best.highlight, texts, frame.place, room)])
    near = others(answer)
    names = names_in_list([best.snippet, *(hit.snippet for hit in near)])[1:]
    rows = [
        [open_button(name, hit.snippet, Mark.of(hit), texts.language)] for hit, name in zip(near, names, strict=True)
    ]
    wish = add_button(frame.ref, texts, name="button-not-asked")
    return Rendered(html, InlineKeyboardMarkup([*rows, vote_buttons(frame.ref), [wish]]))


def _refusal(answer: Answer, frame: Frame, topics: Sequence[Topic], notes: list[str]) -> Rendered:
    texts = frame.texts
    rows = [[open_button(hit.question or "", hit.snippet, Mark.of(hit), texts.language)] for hit in suggested(answer)]
    if asks_something(answer):
        rows.append([add_button(frame.ref, texts)])
    if topics:
        rows.append([topics_button(texts, len(topics))])
    refused = [no_answer(answer, texts), frame.covers if answer.not_covered else ""]
    html = "\n".join([*filter(None, refused), *notes])
    return Rendered(html, InlineKeyboardMarkup(rows) if rows else None)


def no_answer(answer: Answer, texts: Texts) -> str:
    """Return the sentence that a question without an answer gets."""
    return texts("not-covered" if answer.not_covered else "none-intro")


def asks_something(answer: Answer) -> bool:
    """Return whether editors could make something of a refused message: it is near the knowledge, or a sentence."""
    if answer.not_covered:
        return False
    return answer.near or len(answer.understood.split()) >= _SENTENCE_WORDS


def next_snippet(snippet: Snippet, highlight: Span | None, texts: Texts, place: Place, paging: Paging) -> Rendered:
    """Return another snippet of an answer and its number; without votes, which belong to the question."""
    note = f"<i>{texts('answer-position', number=paging.at + 1, count=len(paging.marks))}</i>"
    html = f"{note}\n{snippet_html(snippet, highlight, texts, place, MESSAGE_UNITS - lines_units([note]))}"
    return Rendered(html, InlineKeyboardMarkup(snippet_rows(snippet, texts, place, paging)))


def single_snippet(snippet: Snippet, texts: Texts, place: Place, highlight: Span | None = None) -> Rendered:
    """Return a snippet that somebody chose, as a message of its own."""
    html = snippet_html(snippet, highlight, texts, place)
    return Rendered(html, InlineKeyboardMarkup(snippet_rows(snippet, texts, place)))


def sources_message(snippet: Snippet, texts: Texts) -> Rendered:
    """Return all sources of a snippet."""
    labels = texts.within(snippet.language)
    lines = [f"📰 {source_line(source, labels, _SOURCE_UNITS)}" for source in snippet.sources[:_MOST_SOURCES]]
    if (more := len(snippet.sources) - len(lines)) > 0:
        lines.append(labels("answer-more-sources", count=more))
    return Rendered("\n".join([f"<b>{safe(snippet.title, snippet.id)}</b>", *lines]))
