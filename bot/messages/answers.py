"""Answers as Telegram messages: pure functions from what the index found to HTML and buttons.

Telegram refuses a message of more than 4096 UTF-16 code units after parsing or 32 KiB before, so passages are shortened
to what is left after the lines that name them; always between graphemes, and around the sentence that answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

import regex
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.buttons import (
    Asked,
    Paging,
    Place,
    add_button,
    open_passage,
    open_topic,
    paging_button,
    share_button,
    vote_buttons,
)
from index.knowledge.snippet import Snippet, Source, Span, Topic
from index.search.answer import Answer, Hit
from index.search.decision import Decision

MESSAGE_UNITS = 4096
"""The longest message, in UTF-16 code units after parsing."""
CLOSEST = 3
"""How many passages are shown where none surely answers."""
LONG_QUOTE = 600
"""From so many UTF-16 code units on a quote is folded until it is tapped."""

_SPARE = 24
_SHOWN_SOURCES = 3
_NEAREST = 3
_LABEL = 60
_GRAPHEME = regex.compile(r"\X")
_TAG = re.compile(r"<[^>]*>")
# What Telegram takes for nothing: a message, title or bold passage of these alone is refused or dropped.
_INVISIBLE = (
    "\\s\\x00-\\x1f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e0fff"
)
_VISIBLE = re.compile(f"[^{_INVISIBLE}]")
_REMOVED = str.maketrans(dict.fromkeys((13, *range(8232, 8239), 819, 831, 778)))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to be sent: Telegram HTML and the buttons under it."""

    html: str
    keyboard: InlineKeyboardMarkup | None = None


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units, by which Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def visible(text: str) -> bool:
    """Return whether a text shows anything at all in Telegram."""
    return _VISIBLE.search(text) is not None


def clip(text: str, limit: int, mark: str = "…") -> str:
    """Return the text, or what whole graphemes of it fit into ``limit`` UTF-16 code units with ``mark`` behind them."""
    if units(text) <= limit:
        return text
    return text[: _fitting(text, 0, limit - units(mark))].rstrip() + mark


def _fitting(text: str, start: int, limit: int) -> int:
    """Return where the graphemes from ``start`` on that fit into ``limit`` UTF-16 code units end."""
    end, used = start, 0
    for grapheme in _GRAPHEME.finditer(text, start):
        used += units(grapheme[0])
        if used > limit:
            break
        end = grapheme.end()
    return end


def extract(snippet: Snippet, highlight: Span | None, limit: int) -> Span:
    """Return the span of the snippet's text to quote: all of it if it fits, else a part with the highlighted sentence.

    The part begins with the text if the sentence is still reached, else with the sentence; it ends with a sentence
    where it can. Both ends lie between graphemes; a grapheme longer than ``limit`` leaves an empty span.
    """
    text = snippet.text
    if units(text) <= limit:
        return (0, len(text))
    start = 0
    if highlight and units(text[: highlight[1]]) > limit:
        start = next(m.start() for m in _GRAPHEME.finditer(text) if m.end() > highlight[0])
    end = _fitting(text, start, limit)
    required = highlight[1] if highlight else start + 1
    whole = [stop for _, stop in snippet.sentences if required <= stop <= end]
    return (start, whole[-1] if whole else end)


def quote(snippet: Snippet, highlight: Span | None, limit: int) -> tuple[str, bool]:
    """Return the blockquote of a snippet with the highlighted sentence in bold, and whether it is shortened."""
    start, end = extract(snippet, highlight, limit)
    text = snippet.text[start:end]
    if not visible(text):
        return "", end - start < len(snippet.text)
    first, last = (max(highlight[0], start) - start, min(highlight[1], end) - start) if highlight else (0, 0)
    if first < last and visible(text[first:last]):
        before, bold, after = (escape(part, quote=False) for part in (text[:first], text[first:last], text[last:]))
        inner = f"{before}<b>{bold}</b>{after}"
    else:
        inner = escape(text, quote=False)
    tag = "blockquote expandable" if units(text) > LONG_QUOTE else "blockquote"
    return f"<{tag}>{inner}</blockquote>", end - start < len(snippet.text)


def safe(text: str, limit: int = 256) -> str:
    """Return a short text on one line, clipped and escaped, as it may stand in a message."""
    return escape(clip(" ".join(text.translate(_REMOVED).split()), limit))


def passage(
    snippet: Snippet,
    highlight: Span | None,
    texts: Texts,
    place: Place,
    *,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
    limit: int = MESSAGE_UNITS,
) -> str:
    """Return one passage as HTML: title, quote, speaker, publishers with links, date.

    Args:
        above: lines of HTML before the title.
        below: lines of HTML at the end.
        limit: what the whole may measure, in UTF-16 code units after parsing.
    """
    title = safe(snippet.title) if visible(snippet.title) else safe(snippet.id)
    head = [*above, f'<a href="{place.passage_link(snippet.key)}"><b>{title}</b></a>']
    feet = list(_feet(snippet, texts))
    if below:
        feet += ["", *below]
    fixed = sum(parsed_units(line) + 1 for line in (*head, *feet))
    shortened_note = f"<i>{texts('answer-shortened')}</i>"
    room = limit - fixed - parsed_units(shortened_note) - _SPARE
    quoted, shortened = quote(snippet, highlight, room)
    middle = [line for line in (quoted, shortened_note if shortened else "") if line]
    return "\n".join([*head, *middle, *feet])


def _feet(snippet: Snippet, texts: Texts) -> Iterator[str]:
    if snippet.speaker and visible(snippet.speaker):
        yield f"🗣 {safe(snippet.speaker)}"
    for source in snippet.sources[:_SHOWN_SOURCES]:
        yield f"📰 {source_line(source, texts)}"
    if (more := len(snippet.sources) - _SHOWN_SOURCES) > 0:
        yield f"📰 {texts('answer-more-sources', count=more)}"
    if snippet.as_of:
        yield f"📅 {texts('answer-as-of', date=safe(texts.date(snippet.as_of)))}"


def source_line(source: Source, texts: Texts) -> str:
    """Return publisher, linked title and date of a source as one line of HTML."""
    title = safe(source.title) if visible(source.title) else safe(source.id)
    url = source_url(source)
    linked = f'<a href="{escape(url)}">{title}</a>' if url else title
    parts = [
        safe(source.publisher) if visible(source.publisher) else "",
        linked,
        safe(texts.date(source.date)) if source.date else "",
    ]
    return ", ".join(part for part in parts if part)


def source_url(source: Source) -> str | None:
    """Return the source's address if Telegram takes it for a link."""
    url = (source.url or "").strip()
    return (
        url if re.fullmatch(r"https?://[^\s/?#@:]+\.[^\s/?#@:]+(:\d+)?([/?#]\S*)?", url) and len(url) <= 2000 else None
    )


def answer_message(
    answer: Answer,
    texts: Texts,
    place: Place,
    asked: Asked,
    topics: Sequence[Topic],
    *,
    follow_up: bool = False,
    captioned: bool = False,
) -> Rendered:
    """Return the message for an answer, by its decision.

    Args:
        follow_up: It was understood together with the question before.
        captioned: The question stood under a picture or file, which nobody has looked at.
    """
    notes = []
    if captioned:
        notes.append(f"<i>{texts('answer-caption')}</i>")
    if answer.truncated:
        notes.append(f"<i>{texts('answer-question-cut')}</i>")
    if follow_up:
        notes.append(f"<i>{texts('answer-follow-up')}</i>")
    elif answer.read_as != answer.question and answer.decision is not Decision.NONE:
        notes.append(f"<i>{texts('answer-read-as', question=safe(answer.read_as))}</i>")
    if answer.decision is Decision.ANSWER and answer.hits:
        return _quoted(answer, texts, place, asked, notes)
    if answer.decision is Decision.CLOSEST and answer.hits:
        return _closest(answer, texts, place, asked, notes)
    return _none(answer, texts, place, asked, topics, notes)


def _quoted(answer: Answer, texts: Texts, place: Place, asked: Asked, notes: list[str]) -> Rendered:
    hit = answer.hits[0]
    paging = Paging.over(answer.hits, hit.snippet.language)
    html = passage(hit.snippet, hit.highlight, texts, place, above=notes)
    rows = passage_rows(hit.snippet, texts, place, paging)
    return Rendered(html, InlineKeyboardMarkup([*rows, vote_buttons(asked)]))


def passage_rows(
    snippet: Snippet, texts: Texts, place: Place, paging: Paging | None = None
) -> list[list[InlineKeyboardButton]]:
    """Return the buttons that belong to a passage: the next one, its source, and sharing it."""
    row = []
    if paging and len(paging.marks) > 1:
        row.append(paging_button(paging.next(), texts))
    if url := next((url for source in snippet.sources if (url := source_url(source))), None):
        row.append(InlineKeyboardButton(texts("button-source"), url=url))
    row.append(share_button(snippet.key, texts, place))
    return [row]


def next_passage(snippet: Snippet, highlight: Span | None, texts: Texts, place: Place, paging: Paging) -> Rendered:
    """Return another passage of an answer, saying which one it is; without the votes, which stay as they were."""
    note = f"<i>{texts('answer-position', number=paging.at + 1, count=len(paging.marks))}</i>"
    html = passage(snippet, highlight, texts, place, above=[note])
    return Rendered(html, InlineKeyboardMarkup(passage_rows(snippet, texts, place, paging)))


def single_passage(snippet: Snippet, texts: Texts, place: Place, highlight: Span | None = None) -> Rendered:
    """Return a passage somebody chose, as a message of its own."""
    return Rendered(
        passage(snippet, highlight, texts, place), InlineKeyboardMarkup(passage_rows(snippet, texts, place))
    )


def _closest(answer: Answer, texts: Texts, place: Place, asked: Asked, notes: list[str]) -> Rendered:
    hits = answer.hits[:CLOSEST]
    head = [*notes, texts("closest-intro")]
    room = (MESSAGE_UNITS - sum(parsed_units(line) + 2 for line in head)) // len(hits) - 2
    pieces = [passage(hit.snippet, hit.highlight, texts, place, limit=room) for hit in hits]
    openers = [
        InlineKeyboardButton(
            label(hit.snippet.title, hit.snippet.id), callback_data=open_passage(hit, hit.snippet.language)
        )
        for hit in hits
    ]
    rows = [[button] for button in openers]
    return Rendered(
        "\n\n".join(["\n".join(head), *pieces]),
        InlineKeyboardMarkup([*rows, [add_button(asked, texts)], vote_buttons(asked)]),
    )


def _none(
    answer: Answer, texts: Texts, place: Place, asked: Asked, topics: Sequence[Topic], notes: list[str]
) -> Rendered:
    nearest = answer.hits[:_NEAREST]
    lines = [texts("none-intro"), *notes, "", texts("none-nearest" if nearest else "none-topics")]
    rows = [
        [
            InlineKeyboardButton(
                label(hit.question or hit.snippet.title, hit.snippet.id),
                callback_data=open_passage(hit, hit.snippet.language),
            )
        ]
        for hit in nearest
    ]
    rows += pairs(
        InlineKeyboardButton(
            label(topic_title(topic, texts.language), topic.id, 30), callback_data=open_topic(topic.id)
        )
        for topic in topics[:10]
    )
    return Rendered("\n".join(lines), InlineKeyboardMarkup([*rows, [add_button(asked, texts)]]))


def topic_title(topic: Topic, language: str) -> str:
    """Return the topic's title in a language, else in English, else in any, else its id."""
    return topic.title.get(language) or topic.title.get("en") or next(iter(topic.title.values()), topic.id)


def label(text: str, otherwise: str, limit: int = _LABEL) -> str:
    """Return a text as it fits on a button: one line, clipped; ``otherwise`` if it shows nothing."""
    line = " ".join(text.translate(_REMOVED).split())
    return clip(line, limit) if visible(line) else clip(otherwise, limit)


def pairs(buttons: Iterator[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    """Return the buttons in rows of two."""
    every = list(buttons)
    return [every[at : at + 2] for at in range(0, len(every), 2)]


def parsed_units(html: str) -> int:
    """Return what HTML written here measures after parsing, in UTF-16 code units."""
    return units(unescape(_TAG.sub("", html)) if "<" in html or "&" in html else html)


def highlight_of(hit: Hit) -> str:
    """Return the sentence of a hit that answers best."""
    return hit.snippet.text[slice(*hit.highlight)]
