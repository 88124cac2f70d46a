"""What an act does, in a line for the history and the message of a commit."""

from __future__ import annotations

from bot.review.acts import (
    Act,
    AddQuestions,
    CorrectSnippet,
    DoesNotAnswer,
    KeepForEvaluation,
    NotCovered,
    WriteSnippet,
)


def title(act: Act) -> str:
    """Return what an act does."""
    match act:
        case AddQuestions():
            return f"{act.snippet} answers {_questions(len(act.questions))}"
        case DoesNotAnswer():
            return f"{act.snippet} does not answer {_questions(len(act.questions))}"
        case WriteSnippet():
            return f"new passage “{act.translations[0].title}”"
        case CorrectSnippet():
            return f"{act.snippet} corrected ({act.language})" if act.seen else f"{act.snippet} in {act.language}"
        case NotCovered():
            return f"{_questions(len(act.questions))} not covered"
        case KeepForEvaluation():
            return f"{_questions(len(act.questions))} kept as test questions"


def _questions(number: int) -> str:
    return "1 question" if number == 1 else f"{number} questions"
