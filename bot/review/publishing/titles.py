"""What an act does, in a line for the drafts, the history and the message of a commit."""

from __future__ import annotations

from collections.abc import Mapping

from bot.review.acts import (
    Act,
    AddQuestions,
    CorrectSnippet,
    DoesNotAnswer,
    KeepForEvaluation,
    NotCovered,
    WriteSnippet,
)
from bot.review.formatting import count, language_name


def title(act: Act, titles: Mapping[str, str]) -> str:
    """Return what an act does; passages are named by their titles, or by their ids where these are not known."""
    match act:
        case AddQuestions():
            return f"{_named(act.snippet, titles)} answers {count(len(act.questions), 'question')}"
        case DoesNotAnswer():
            return f"{_named(act.snippet, titles)} does not answer {count(len(act.questions), 'question')}"
        case WriteSnippet():
            return f"New passage “{act.translations[0].title}”"
        case CorrectSnippet():
            change = "corrected in" if act.seen else "translated into"
            return f"{_named(act.snippet, titles)} {change} {language_name(act.language)}"
        case NotCovered():
            return f"{count(len(act.questions), 'question')} not covered"
        case KeepForEvaluation():
            return f"{count(len(act.questions), 'question')} kept as test questions"


def passage(act: Act) -> str | None:
    """Return the id of the passage that an act is about, if it is about one."""
    return None if isinstance(act, NotCovered) else act.snippet


def _named(snippet: str, titles: Mapping[str, str]) -> str:
    return f"“{titles[snippet]}”" if snippet in titles else snippet
