"""Messages to people who asked the editors, and the digest for administrators."""

from __future__ import annotations

from html import escape

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.answers import Rendered, lines_units, snippet_html
from bot.messages.buttons import AnswerRef, Place, snippet_rows
from bot.messages.telegram_text import safe
from bot.review.daily import Unanswered
from index.search.answer import Answer

_ANSWER_UNITS = 4096
_QUESTION_UNITS = 300


def offer_message(ref: AnswerRef, texts: Texts) -> Rendered:
    """Return the offer to tell somebody when their question is answered."""
    button = InlineKeyboardButton(texts("button-tell-me"), callback_data=f"h{ref}")
    return Rendered(texts("hear-offer"), InlineKeyboardMarkup([[button]]))


def noted_message(texts: Texts) -> Rendered:
    """Return the promise to tell somebody, with the way to take it back."""
    return Rendered(texts("hear-noted"), InlineKeyboardMarkup([_stop(texts)]))


def answered_message(question: str, answer: Answer, texts: Texts, place: Place) -> Rendered:
    """Return what is sent when a question is answered: the question, the quote, and the way to hear no more."""
    hit = answer.hits[0]
    head = texts("hear-answered", question=safe(question, "…", _QUESTION_UNITS))
    room = _ANSWER_UNITS - lines_units([head]) - 2
    quoted = snippet_html(hit.snippet, hit.highlight, texts, place, room)
    return Rendered(
        f"{head}\n\n{quoted}", InlineKeyboardMarkup([*snippet_rows(hit.snippet, texts, place), _stop(texts)])
    )


def digest_message(unanswered: Unanswered, texts: Texts, review_url: str | None) -> Rendered:
    """Return what administrators are told once a day: how many questions got no answer, and which."""
    lines = [texts("digest-title", questions=unanswered.questions, people=unanswered.people)]
    lines += [
        f"• {safe(group.question, '…', 120)} – {texts('digest-people', people=group.people)}"
        for group in unanswered.groups
    ]
    if review_url:
        lines.append(f'<a href="{escape(review_url)}">{texts("digest-review")}</a>')
    else:
        lines.append(f"{texts('digest-review')}: <code>partnership-bot log gaps</code>")
    return Rendered("\n".join(lines))


def _stop(texts: Texts) -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(texts("button-stop-telling"), callback_data="h-")]
