"""The message for a reply: one answer, or the answers to several questions under one another.

Only what surely answers is quoted. Where nothing does, the message stays as short as an uncertain answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardMarkup

from bot.messages.answer_notes import more_about, read_as, what_differs
from bot.messages.answers import (
    MESSAGE_UNITS,
    UNSURE_UNITS,
    Frame,
    Rendered,
    answer_message,
    asks_something,
    lines_units,
    no_answer,
    snippet_html,
)
from bot.messages.buttons import Mark, Rows, add_button, open_button, vote_buttons
from bot.messages.telegram_text import safe
from index.knowledge.snippet import Topic
from index.search.answer import Answer, Reply
from index.search.decision import Decision

_QUESTION_UNITS = 200
_LEFT_OUT_UNITS = 120
_STATED_UNITS = 30
"""So much is repeated of what a question and a passage state."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One of several answers: its number, and the lines between its question and its quote and behind that."""

    number: int
    answer: Answer
    frame: Frame
    before: list[str]
    behind: list[str]

    @property
    def quotes(self) -> bool:
        return self.answer.decision is Decision.ANSWER and bool(self.answer.hits)

    @property
    def opens(self) -> bool:
        """Whether a button shows the passage, which may not answer."""
        return self.answer.decision is Decision.CLOSEST and bool(self.answer.hits)

    def head(self, most: int) -> str:
        """Return the line with the question, of which at most ``most`` UTF-16 code units are repeated."""
        return f"<b>{self.number}. {safe(self.answer.question, '…', most)}</b>"

    def html(self, most: int, room: int) -> str:
        """Return the part with its quote, if it has one, in at most ``room`` UTF-16 code units."""
        lines = [self.head(most), *self.before]
        if self.quotes:
            hit, frame = self.answer.hits[0], self.frame
            lines.append(snippet_html(hit.snippet, hit.highlight, frame.texts, frame.place, room))
        return "\n".join([*lines, *self.behind])

    def rows(self) -> Rows:
        """Return the part's buttons, with its number: votes on a quote, else the passage or the wish for an answer."""
        label, texts = f"{self.number}. ", self.frame.texts
        if self.quotes:
            return [vote_buttons(self.frame.ref, label)]
        if self.opens:
            hit = self.answer.hits[0]
            return [[open_button(label + hit.snippet.title, hit.snippet, Mark.of(hit), texts.language)]]
        return [[add_button(self.frame.ref, texts, label)]] if asks_something(self.answer) else []


def reply_message(
    reply: Reply, frames: Sequence[Frame], topics: Sequence[Topic], *, follow_up: bool = False, captioned: bool = False
) -> Rendered:
    """Return the message for a reply; that for several answers quotes only what surely answers.

    Args:
        reply: What the index found.
        frames: What each answer is written with, in their order.
        topics: Those of the knowledge; where nothing answers a single question, a button opens them.
        follow_up: The question was understood together with the one before.
        captioned: The questions stood under a picture or file, which the bot cannot read.
    """
    if len(reply.answers) == 1:
        return answer_message(reply.answers[0], frames[0], topics, follow_up=follow_up, captioned=captioned)
    texts = frames[0].texts
    parts = [_part(*each) for each in zip(range(1, len(frames) + 1), reply.answers, frames, strict=True)]
    head = [f"<i>{texts('answer-caption')}</i>"] if captioned else []
    foot = []
    if reply.left_out:
        questions = safe(" · ".join(reply.left_out), "…", _LEFT_OUT_UNITS)
        foot.append(f"<i>{texts('several-left-out', count=len(parts), questions=questions)}</i>")
    fixed = [*head, *foot, *(line for part in parts for line in (part.head(0), *part.before, *part.behind))]
    # Two line breaks, at most, stand behind each line and quote.
    used, quotes = lines_units(fixed) + len(fixed), sum(part.quotes for part in parts)
    most = _QUESTION_UNITS if quotes else min(_QUESTION_UNITS, (UNSURE_UNITS - used) // len(parts))
    room = (MESSAGE_UNITS - used - most * len(parts)) // max(1, quotes) - 2
    html = "\n\n".join([*head, *(part.html(most, room) for part in parts), *foot])
    rows = [row for part in parts for row in part.rows()]
    return Rendered(html, InlineKeyboardMarkup(rows) if rows else None)


def shown_hits(reply: Reply, answer: Answer) -> int | None:
    """Return how many hits of one of several answers the message quotes; ``None`` for as many as a single one does."""
    return int(answer.decision is Decision.ANSWER) if len(reply.answers) > 1 else None


def _part(number: int, answer: Answer, frame: Frame) -> _Part:
    texts = frame.texts
    if not answer.hits or answer.decision is Decision.NONE:
        return _Part(number, answer, frame, [], [no_answer(answer, texts)])
    if answer.decision is Decision.ANSWER:
        return _Part(number, answer, frame, read_as(answer, texts), more_about(answer, texts))
    doubt = [*what_differs(answer, texts, _STATED_UNITS), texts("several-closest", number=number)]
    return _Part(number, answer, frame, [], doubt)
