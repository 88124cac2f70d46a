"""What an act does, in a line for the drafts, the history and the message of a commit."""

from __future__ import annotations

from collections.abc import Mapping

from babel import Locale, UnknownLocaleError

from bot.review.acts import (
    Act,
    AddQuestions,
    CorrectSnippet,
    DoesNotAnswer,
    KeepForEvaluation,
    NotCovered,
    WriteSnippet,
)


def title(act: Act, titles: Mapping[str, str]) -> str:
    """Return what an act does; passages are named by their titles, or by their ids where these are not known."""
    match act:
        case AddQuestions():
            return f"{_named(act.snippet, titles)} answers {_questions(len(act.questions))}"
        case DoesNotAnswer():
            return f"{_named(act.snippet, titles)} does not answer {_questions(len(act.questions))}"
        case WriteSnippet():
            return f"New passage “{act.translations[0].title}”"
        case CorrectSnippet():
            change = "corrected in" if act.seen else "translated into"
            return f"{_named(act.snippet, titles)} {change} {_language(act.language)}"
        case NotCovered():
            return f"{_questions(len(act.questions))} not covered"
        case KeepForEvaluation():
            return f"{_questions(len(act.questions))} kept as test questions"


def passage(act: Act) -> str | None:
    """Return the id of the passage that an act is about, if it is about one."""
    return None if isinstance(act, NotCovered) else act.snippet


def _named(snippet: str, titles: Mapping[str, str]) -> str:
    return f"“{titles[snippet]}”" if snippet in titles else snippet


def _questions(number: int) -> str:
    return "1 question" if number == 1 else f"{number} questions"


def _language(code: str) -> str:
    try:
        return str(Locale.parse(code).get_display_name("en") or code)
    except (UnknownLocaleError, ValueError):
        return code
