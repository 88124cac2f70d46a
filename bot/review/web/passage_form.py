"""The form of a new passage: what a reviewer typed, what is wrong with it, and the act that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.review.acts import Asked, NewTranslation, WriteSnippet
from bot.review.snippet_edit import body, is_name, one_line, slug_of
from index.knowledge.fields import is_date
from index.knowledge.reader import Knowledge
from index.knowledge.snippet import Source
from index.knowledge.yaml_lines import Problem

SOURCES = 4
"""So many sources can be picked from the register."""
_URL = re.compile(r"https?://\S+")
_FIELDS = {"body": "text", "file": "slug", "id": "slug", "front matter": "slug"}
"""Names of the form by those of `check`, where they differ."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What the form needs to know of the knowledge."""

    base_language: str
    languages: tuple[str, ...]
    """The languages of the passages, that of the originals first."""
    topics: tuple[tuple[str, str], ...]
    """Id and title of each topic."""
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, knowledge: Knowledge) -> Folder:
        """Return what the form needs of a folder."""
        base = knowledge.base_language
        languages = sorted(
            {each.language for each in knowledge.snippets} | {base}, key=lambda name: (name != base, name)
        )
        topics = tuple(
            (topic.id, topic.title.get("en") or next(iter(topic.title.values()))) for topic in knowledge.topics
        )
        return cls(base, tuple(languages), topics, knowledge.sources)


@dataclass(frozen=True, slots=True)
class PassageForm:
    """A form as it was sent, or as it is shown first."""

    values: Mapping[str, str]
    """What was typed, by the names of the fields."""
    folder: Folder
    asked: tuple[Asked, ...] = ()
    """The ticked questions."""
    gap: int = 0

    def __getitem__(self, name: str) -> str:
        """Return what was typed into a field, without white space around it and characters that nobody sees."""
        return body(self.values.get(name, ""))

    @property
    def written(self) -> tuple[str, ...]:
        """The languages with a title and a text, the original's first."""
        return tuple(name for name in self.folder.languages if self[f"title-{name}"] and self[f"text-{name}"])

    def is_written(self, language: str) -> bool:
        """Return whether the passage has a title and a text in a language."""
        return language in self.written

    def errors(self) -> dict[str, str]:
        """Return what is missing or wrong, by field."""
        found: dict[str, str] = {}
        if self["topic"] not in dict(self.folder.topics):
            found["topic"] = "Choose a topic."
        if self["slug"] and not is_name(self["slug"]):
            found["slug"] = "Use only a-z, 0-9 and hyphens, or leave it empty."
        if not is_date(self["as_of"]):
            found["as_of"] = "Write the date as YYYY, YYYY-MM or YYYY-MM-DD."
        found |= self._wrong_sources()
        for language in self.folder.languages:
            title, text = self[f"title-{language}"], self[f"text-{language}"]
            if text and not title:
                found[f"title-{language}"] = "Write a title, too, or take the text away."
            if title and not text:
                found[f"text-{language}"] = "Write the text, too, or take the title away."
        if not self.written and not any(name.startswith(("title-", "text-")) for name in found):
            found[f"text-{self.folder.base_language}"] = "Write a title and a text in at least one language."
        return found

    def _wrong_sources(self) -> dict[str, str]:
        known = {source.id for source in self.folder.sources}
        found = {
            f"source-{number}": f"'{self[f'source-{number}']}' is not in the register: choose one, or add it."
            for number in range(1, SOURCES + 1)
            if self[f"source-{number}"] and self[f"source-{number}"] not in known
        }
        new = [self[name] for name in ("publisher", "source-title", "source-date", "url")]
        if any(new):
            for name in ("publisher", "source-title"):
                if not self[name]:
                    found[name] = "A new source needs its publisher and its title."
            if self["source-date"] and not is_date(self["source-date"]):
                found["source-date"] = "Write the date as YYYY, YYYY-MM or YYYY-MM-DD."
            if self["url"] and not _URL.fullmatch(self["url"]):
                found["url"] = "Write an address that begins with http:// or https://."
        elif not self._picked_sources():
            found["source-1"] = "Every passage needs a source: choose one, or add one below."
        return found

    def act(self) -> WriteSnippet:
        """Return the act that a form without errors makes."""
        new = self._new_sources()
        languages = self.written
        by_language = {name: self._questions(name) for name in languages}
        for question in self.asked:
            # A question in a language without a text goes to the original.
            home = question.language if question.language in by_language else languages[0]
            by_language[home].setdefault(question.text)
        return WriteSnippet(
            topic=self["topic"],
            slug=self["slug"] or slug_of(self["title-en"] or self[f"title-{languages[0]}"], f"gap-{self.gap}"),
            as_of=self["as_of"],
            speaker=self["speaker"],
            sources=(*self._picked_sources(), *(source.id for source in new)),
            new_sources=new,
            translations=tuple(
                NewTranslation(name, self[f"title-{name}"], self[f"text-{name}"], tuple(by_language[name]))
                for name in languages
            ),
            base_language=self.folder.base_language,
        )

    def _questions(self, language: str) -> dict[str, None]:
        lines = self[f"questions-{language}"].split("\n")
        return dict.fromkeys(one_line(line) for line in lines if line.strip())

    def _picked_sources(self) -> tuple[str, ...]:
        picked = (self[f"source-{number}"] for number in range(1, SOURCES + 1))
        return tuple(dict.fromkeys(name for name in picked if name))

    def _new_sources(self) -> tuple[Source, ...]:
        if not self["publisher"]:
            return ()
        date = self["source-date"]
        name = source_id(self["publisher"], date, (source.id for source in self.folder.sources))
        return (Source(name, self["publisher"], self["source-title"], date or None, self["url"] or None),)


def first_values(folder: Folder) -> dict[str, str]:
    """Return what the fields hold at first."""
    return {"as_of": str(datetime.now(UTC).date()), "topic": folder.topics[0][0] if len(folder.topics) == 1 else ""}


def source_id(publisher: str, date: str, taken: Iterable[str]) -> str:
    """Return an id for a source that is not taken: its publisher, the year and the month."""
    words = re.findall(r"[a-z0-9]+", publisher.lower()) or ["source"]
    name = "-".join([*words[:4], *([date[:7]] if date else [])])
    known = set(taken)
    return next(
        each for each in (name, *(f"{name}-{number}" for number in range(2, len(known) + 3))) if each not in known
    )


def field_errors(problems: Iterable[Problem], snippet: str, original: str) -> dict[str, str]:
    """Return what `check` would refuse, by the field of the form that it is about.

    Args:
        problems: What `check` found.
        snippet: Id of the passage.
        original: The language of the file whose name tells none.
    """
    found: dict[str, str] = {}
    for problem in problems:
        stem, _, _ = problem.file.rpartition(".")
        if stem != snippet and not stem.startswith(f"{snippet}."):
            continue
        language = stem.removeprefix(snippet).removeprefix(".") or original
        name = _FIELDS.get(problem.field, problem.field)
        field = f"{name}-{language}" if name in ("title", "text", "questions") else name
        found.setdefault(field, f"{problem.reason[:1].upper()}{problem.reason[1:]}.")
    return found
