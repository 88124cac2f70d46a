"""The message for a reply: one answer, or the answers to several questions under one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardMarkup

from bot.messages.answer_notes import more_about, read_as, what_differs
from bot.messages.answers import MESSAGE_UNITS, Frame, Rendered, answer_message, lines_units, snippet_html
from bot.messages.buttons import Mark, Rows, add_button, open_button, vote_buttons
from bot.messages.telegram_text import safe
from index.knowledge.snippet import Topic
from index.search.answer import Answer, Reply
from index.search.decision import Decision

_QUESTION_UNITS = 200
_LEFT_OUT_UNITS = 300


@dataclass(frozen=True, slots=True)
class _Part:
    """One of several answers: its number, and the lines before and behind its quote."""

    number: int
    answer: Answer
    frame: Frame
    before: list[str]
    behind: list[str]

    @property
    def quotes(self) -> bool:
        return self.answer.decision is Decision.ANSWER and bool(self.answer.hits)

    def html(self, room: int) -> str:
        """Return the part with its quote, if it has one, in at most ``room`` UTF-16 code units."""
        lines = list(self.before)
        if self.quotes:
            hit, frame = self.answer.hits[0], self.frame
            lines.append(snippet_html(hit.snippet, hit.highlight, frame.texts, frame.place, room))
        return "\n".join([*lines, *self.behind])

    def rows(self) -> Rows:
        """Return the part's buttons, with its number: the passage, and votes or the wish for an answer."""
        rows, label = [], f"{self.number}. "
        if self.answer.hits:
            hit = self.answer.hits[0]
            rows.append([open_button(label + hit.snippet.title, hit.snippet, Mark.of(hit))])
        if self.answer.decision is Decision.NONE:
            rows.append([add_button(self.frame.ref, self.frame.texts, label)])
        else:
            rows.append(vote_buttons(self.frame.ref, label))
        return rows


def reply_message(
    reply: Reply, frames: Sequence[Frame], topics: Sequence[Topic], *, follow_up: bool = False, captioned: bool = False
) -> Rendered:
    """Return the message for a reply; that for several answers quotes only what surely answers.

    Args:
        reply: What the index found.
        frames: What each answer is written with, in their order.
        topics: Offered where nothing answers a single question.
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
    fixed = [*head, *foot, *(line for part in parts for line in (*part.before, *part.behind))]
    # Two line breaks, at most, stand behind each quote.
    room = (MESSAGE_UNITS - lines_units(fixed) - 2 * len(fixed)) // max(1, sum(part.quotes for part in parts)) - 2
    html = "\n\n".join([*head, *(part.html(room) for part in parts), *foot])
    return Rendered(html, InlineKeyboardMarkup([row for part in parts for row in part.rows()]))


def shown_hits(reply: Reply, answer: Answer) -> int | None:
    """Return how many hits of one of several answers the message quotes; ``None`` for as many as a single one does."""
    return int(answer.decision is Decision.ANSWER) if len(reply.answers) > 1 else None


def _part(number: int, answer: Answer, frame: Frame) -> _Part:
    texts = frame.texts
    before, behind = [f"<b>{number}. {safe(answer.question, '…', _QUESTION_UNITS)}</b>"], []
    if not answer.hits:
        behind.append(texts("none-intro"))
    elif answer.decision is Decision.NONE:
        behind.append(texts("several-none", number=number))
    else:
        before += read_as(answer, texts)
        if answer.decision is Decision.ANSWER:
            behind += more_about(answer, texts)
        else:
            behind += [*what_differs(answer, texts), texts("several-closest", number=number)]
    return _Part(number, answer, frame, before, behind)
