"""What reviewers do to the knowledge, as data: each act turns itself into changes of files.

An act is an operation and not a text. It is applied to the folder as it is at that moment, so acts of several reviewers
combine, and what somebody changed meanwhile stays.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bot.review import snippet_edit, yaml_edit
from bot.review.knowledge_edit import Change, EditedFolder, TeachError
from index.knowledge.files import EVALUATION_FILE, NOT_COVERED_FILE, SOURCES_FILE
from index.knowledge.snippet import Source


class Asked(NamedTuple):
    """A question as it is taken over, with its language."""

    language: str
    text: str


class NewTranslation(NamedTuple):
    """One language of a new snippet. Without a text the snippet stays a draft, which no build reads."""

    language: str
    title: str
    text: str
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddQuestions:
    """The snippet answers the questions: they become its example questions."""

    snippet: str
    questions: tuple[Asked, ...]

    def apply(self, folder: EditedFolder) -> None:
        """Change the files."""
        snippet_edit.add_to_list(folder, self.snippet, "questions", self.questions)


@dataclass(frozen=True, slots=True)
class DoesNotAnswer:
    """The snippet does not answer the questions: they go to its ``does_not_answer``."""

    snippet: str
    questions: tuple[Asked, ...]

    def apply(self, folder: EditedFolder) -> None:
        """Change the files."""
        snippet_edit.add_to_list(folder, self.snippet, "does_not_answer", self.questions)


@dataclass(frozen=True, slots=True)
class WriteSnippet:
    """A new snippet in one or more languages, the language of its original first."""

    topic: str
    slug: str
    as_of: str
    speaker: str
    sources: tuple[str, ...]
    new_sources: tuple[Source, ...]
    translations: tuple[NewTranslation, ...]
    base_language: str
    """The language of files whose name does not tell it. An original in another language says so in its fields."""

    @property
    def snippet(self) -> str:
        """The id of the new snippet."""
        return f"{self.topic}/{self.slug}"

    def apply(self, folder: EditedFolder) -> None:
        """Change the files."""
        for part in self.topic.split("/"):
            snippet_edit.check_name(part, "topic")
        snippet_edit.check_name(self.slug, "passage")
        main = folder.path(f"{self.snippet}.md")
        if folder.exists(main):
            raise TeachError(
                f"{main} is there already. Add the questions to {self.snippet} instead, or choose another name."
            )
        if self.new_sources:
            _change(folder, SOURCES_FILE, {source.id: _source_fields(source) for source in self.new_sources})
        original, *others = self.translations
        fields: dict[str, object] = {
            "title": original.title,
            "language": original.language if original.language != self.base_language else None,
            "draft": not original.text.strip(),
            "sources": self.sources,
            "as_of": self.as_of,
            "speaker": self.speaker,
            "questions": original.questions,
        }
        folder.put(main, snippet_edit.new_file(fields, original.text))
        for each in others:
            fields = {"title": each.title, "draft": not each.text.strip(), "questions": each.questions}
            folder.put(folder.path(f"{self.snippet}.{each.language}.md"), snippet_edit.new_file(fields, each.text))


@dataclass(frozen=True, slots=True)
class CorrectSnippet:
    """Another title, text or example questions of a snippet in one language.

    A language that the snippet does not have yet becomes a translation of it; ``seen`` is empty then.
    """

    snippet: str
    language: str
    title: str
    text: str
    seen: str
    """What the reviewer saw, as :func:`bot.review.snippet_edit.seen` tells it."""
    added: tuple[str, ...] = ()
    """Example questions to add."""
    removed: tuple[str, ...] = ()
    """Example questions to take out."""

    def apply(self, folder: EditedFolder) -> None:
        """Change the files."""
        if not self.seen:
            self._translate(folder)
            return
        path = snippet_edit.file_in(folder, self.snippet, self.language)
        title = str(snippet_edit.fields_of(folder, path).get("title", ""))
        if snippet_edit.seen(title, snippet_edit.body_of(folder, path)) != self.seen:
            raise TeachError(f"{path} has another title or text than the reviewer saw; open it and correct it again.")
        snippet_edit.set_title(folder, path, self.title)
        snippet_edit.set_body(folder, path, self.text)
        snippet_edit.take_from_list(folder, path, "questions", self.removed)
        snippet_edit.add_to_list_of(folder, path, "questions", self.added)

    def _translate(self, folder: EditedFolder) -> None:
        path = folder.path(f"{self.snippet}.{self.language}.md")
        snippet_edit.translation_files(folder, self.snippet)
        if folder.exists(path):
            raise TeachError(f"{path} was written meanwhile; open it and correct it.")
        fields = {"title": self.title, "questions": self.added}
        folder.put(path, snippet_edit.new_file(fields, self.text))


@dataclass(frozen=True, slots=True)
class NotCovered:
    """The knowledge will not cover the questions: asked again, they are refused politely."""

    questions: tuple[Asked, ...]

    def apply(self, folder: EditedFolder) -> None:
        """Change the files."""
        _change(folder, NOT_COVERED_FILE, [snippet_edit.one_line(text) for _, text in self.questions])


@dataclass(frozen=True, slots=True)
class KeepForEvaluation:
    """The questions measure the bot: answered by a snippet, or by none with ``None``."""

    questions: tuple[Asked, ...]
    snippet: str | None = None

    def apply(self, folder: EditedFolder) -> None:
        """Change the files."""
        own = snippet_edit.own_questions(folder, self.snippet) if self.snippet else ()
        entries = []
        for language, question in self.questions:
            text = snippet_edit.one_line(question)
            if text.casefold() in own:
                raise TeachError(f"{text!r} is one of the questions of {self.snippet}: asking it would prove nothing.")
            answers = [self.snippet] if self.snippet else []
            entries.append({"question": text, "kind": "asked", "language": language, "answers": answers})
        _change(folder, EVALUATION_FILE, entries)


Act = AddQuestions | DoesNotAnswer | WriteSnippet | CorrectSnippet | NotCovered | KeepForEvaluation
_KINDS = {kind.__name__: kind for kind in Act.__args__}


def changes(act: Act, folder: Path, *, onto: Iterable[Change] = ()) -> list[Change]:
    """Return the changes of files that an act makes in a folder as it is now; none where it is done already.

    Args:
        act: The act.
        folder: The knowledge.
        onto: Changes that count as made already: those of drafts saved before.

    Raises:
        TeachError: The act cannot be done; the text says why and what to do.
    """
    edited = EditedFolder(folder, onto)
    act.apply(edited)
    return edited.new_changes()


def without(act: Act, texts: Collection[str]) -> Act | None:
    """Return an act without some of its questions; ``None`` if nothing is left to do."""
    if isinstance(act, CorrectSnippet):
        return act
    if isinstance(act, WriteSnippet):
        kept = (
            each._replace(questions=tuple(text for text in each.questions if text not in texts))
            for each in act.translations
        )
        return replace(act, translations=tuple(kept))
    questions = tuple(each for each in act.questions if each.text not in texts)
    return replace(act, questions=questions) if questions else None


def as_json(act: Act) -> str:
    """Return an act as JSON."""
    return json.dumps({"act": type(act).__name__, **asdict(act)}, ensure_ascii=False)


def from_json(text: str) -> Act:
    """Return the act that ``as_json`` has written.

    Raises:
        ValueError: The text is none.
    """
    given: dict[str, Any] = json.loads(text)
    kind = given.pop("act", "")
    if kind not in _KINDS:
        raise ValueError(f"{kind!r} is no act.")
    act: Act = _reader(kind).validate_python(given)
    return act


@cache
def _reader(kind: str) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(_KINDS[kind])


def _source_fields(source: Source) -> dict[str, object]:
    given = {"publisher": source.publisher, "title": source.title, "date": source.date, "url": source.url}
    return {name: value for name, value in given.items() if value}


def _change(folder: EditedFolder, name: str, new: Sequence[yaml_edit.Item] | dict[str, dict[str, object]]) -> None:
    """Extend a register: its list of questions, or its entries."""
    path = folder.path(name)
    text = folder.read(path)
    try:
        if isinstance(new, dict):
            after = yaml_edit.with_entries(text, new)
        else:
            after = yaml_edit.with_items(text, "questions", new)
    except yaml_edit.YamlEditError as error:
        raise TeachError(f"{path} {error}.") from error
    if after != text:
        folder.put(path, after)
