"""What is said about a quote that was shown before, without quoting it again: its sources, its speaker, its date."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from html import escape

from telegram import InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.answers import Frame, Rendered, snippet_html, source_line
from bot.messages.buttons import AnswerRef, Place, add_button, snippet_rows, vote_buttons
from bot.messages.quotation import quoted_words
from bot.messages.telegram_text import clip, safe, source_url
from index.knowledge.snippet import Snippet, Source, Span

MORE_UNITS = 900
"""A passage that nobody asked for by name is no longer, in UTF-16 code units."""
_LINES = 3
"""So many sources stand on lines of their own, with their titles."""
_SENTENCE_UNITS = 700
_WORDS_UNITS = 300
_FEWEST_OF_SENTENCE = 4
"""Fewer words in quotation marks that begin with a capital letter are a name."""
_FEWEST_SPOKEN = 6
"""Fewer words in quotation marks are a term, where nobody is named as the speaker."""


class QuoteFact(StrEnum):
    """What people ask about a quote itself; the first that fits counts."""

    WORDS = "words"
    """Whether the words are the speaker's own."""
    SOURCE = "source"
    SPEAKER = "speaker"
    DATE = "date"
    HOW = "how"
    """How the bot knows."""


def quote_fact(fact: QuoteFact, snippet: Snippet, texts: Texts) -> Rendered:
    """Return what a snippet tells of itself, in one to three lines."""
    told = {
        QuoteFact.SOURCE: _sources,
        QuoteFact.SPEAKER: _speaker,
        QuoteFact.DATE: _date,
        QuoteFact.HOW: _how,
        QuoteFact.WORDS: _words,
    }
    return Rendered(told[fact](snippet, texts))


def sentence_message(snippet: Snippet, span: Span, frame: Frame) -> Rendered:
    """Return the sentence of a quote shown before that answers what was asked then."""
    note = frame.texts("conversation-same")
    sentence = escape(clip(snippet.text[slice(*span)], _SENTENCE_UNITS), quote=False)
    html = f"<i>{note}</i>\n<blockquote>{sentence}</blockquote>"
    return Rendered(html, InlineKeyboardMarkup([vote_buttons(frame.ref)]))


def nothing_message(frame: Frame) -> Rendered:
    """Return the refusal of a follow-up on which the quote says nothing."""
    return Rendered(frame.texts("conversation-nothing"), InlineKeyboardMarkup([[add_button(frame.ref, frame.texts)]]))


def more_message(snippet: Snippet, texts: Texts, place: Place, ref: AnswerRef | None) -> Rendered:
    """Return another snippet about the same; the votes are on the answer that led to it, where there is one."""
    note = f"<i>{texts('conversation-more')}</i>"
    html = snippet_html(snippet, None, texts, place, MORE_UNITS - len(note))
    votes = [vote_buttons(ref)] if ref else []
    return Rendered(f"{note}\n{html}", InlineKeyboardMarkup([*snippet_rows(snippet, texts, place), *votes]))


def own_words(snippet: Snippet) -> list[str]:
    """Return what stands in quotation marks in a snippet, without names; without a speaker, only what is spoken."""
    found = (snippet.text[start + 1 : end - 1].strip() for start, end in quoted_words(snippet.text))
    if not snippet.speakers:
        return [words for words in found if _is_spoken(words.split())]
    return [words for words in found if words[:1].islower() or len(words.split()) >= _FEWEST_OF_SENTENCE]


def _is_spoken(words: Sequence[str]) -> bool:
    """Return whether words in quotation marks are a sentence, rather than a term or the title of something."""
    return len(words) >= _FEWEST_SPOKEN and 2 * sum(word[:1].isupper() for word in words) < len(words)


def _sources(snippet: Snippet, texts: Texts) -> str:
    if not snippet.sources:
        return texts("fact-no-source")
    if len(snippet.sources) > _LINES:
        return f"📰 {_linked(snippet.sources, texts)}"
    return "\n".join(f"📰 {source_line(source, texts)}" for source in snippet.sources)


def _speaker(snippet: Snippet, texts: Texts) -> str:
    lines = [f"🗣 {safe(snippet.speaker)}" if snippet.speaker else texts("fact-no-speaker")]
    if snippet.sources:
        lines.append(texts("fact-reported", sources=_linked(snippet.sources, texts)))
    return "\n".join(lines)


def _date(snippet: Snippet, texts: Texts) -> str:
    as_of = snippet.as_of
    lines = [
        f"📅 {texts('answer-as-of', date=safe(texts.date(as_of, attributive=True)))}"
        if as_of
        else texts("fact-no-date")
    ]
    if snippet.sources:
        lines.append(texts("fact-reported", sources=_linked(snippet.sources, texts)))
    return "\n".join(lines)


def _how(snippet: Snippet, texts: Texts) -> str:
    if not snippet.sources:
        return texts("fact-how-no-source")
    return texts("fact-how", count=len(snippet.sources), sources=_linked(snippet.sources, texts))


def _words(snippet: Snippet, texts: Texts) -> str:
    if own := own_words(snippet):
        words = clip(" · ".join(own), _WORDS_UNITS)
        lines = [texts("fact-own-words", words=escape(words, quote=False))]
    else:
        lines = [texts("fact-no-own-words")]
    if snippet.sources:
        lines.append(texts("fact-reported", sources=_linked(snippet.sources, texts)))
    return "\n".join(lines)


def _linked(sources: Sequence[Source], texts: Texts) -> str:
    """Return all sources in one line: each one's publisher and date, linked."""
    return "; ".join(_short(source, texts) for source in sources)


def _short(source: Source, texts: Texts) -> str:
    date = safe(texts.date(source.date)) if source.date else ""
    name = ", ".join(part for part in (safe(source.publisher or source.title, source.id, 60), date) if part)
    url = source_url(source)
    return f'<a href="{escape(url)}">{name}</a>' if url else name
