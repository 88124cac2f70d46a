"""Whose knowledge it is: ``bot.yaml``, and the interface texts that a knowledge folder brings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from index.knowledge.files import PROFILE_FILE, read_interface_texts, read_yaml_file
from index.knowledge.yaml_lines import BLANK_IS_NONE, Entry, Plain, Problem, Severity

_ANY = "en"
"""The language of a text that is given without one, and the first that is taken where the wanted one is missing."""


def _by_language(value: Plain) -> Plain:
    return {} if value is None else value if isinstance(value, dict) else {_ANY: value}


def _as_list(value: Plain) -> Plain:
    return [value] if isinstance(value, str) else value


_Line = Annotated[str, AfterValidator(lambda text: " ".join(text.split())), Field(min_length=1)]
_Text = Annotated[str, AfterValidator(str.strip), Field(min_length=1)]
_Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
_Lines = Annotated[tuple[_Line, ...], BeforeValidator(_as_list)]
_LineByLanguage = Annotated[dict[_Language, _Line], BeforeValidator(_by_language)]
_TextByLanguage = Annotated[dict[_Language, _Text], BeforeValidator(_by_language)]


class Profile(BaseModel):
    """What a bot says of itself, by language code. Every field may be empty."""

    model_config = ConfigDict(frozen=True)

    name: _LineByLanguage = {}
    subject: _LineByLanguage = {}
    """What the knowledge is about, as it stands behind "Ask me about"."""
    greeting: _TextByLanguage = {}
    """What people read first."""
    description: _TextByLanguage = {}
    """What people read before they press "Start"."""
    short_description: _LineByLanguage = {}
    """What stands in the bot's profile and beside shared links."""
    about: _TextByLanguage = {}
    """What the bot is and how its knowledge was made."""
    operator: _LineByLanguage = {}
    """Who runs the bot and edits its knowledge."""
    official: _LineByLanguage = {}
    """Whether the bot speaks for those it tells about: one sentence."""
    contact: Annotated[_Line | None, BLANK_IS_NONE] = None
    """An e-mail address, a web address or a name on Telegram."""
    examples: Annotated[dict[_Language, _Lines], BeforeValidator(_by_language)] = {}
    """Questions for newcomers to tap."""
    languages: Annotated[tuple[_Language, ...], BeforeValidator(_as_list)] = ()
    """Languages of buttons and notes; by default those of the knowledge."""
    language: Annotated[_Language | None, BLANK_IS_NONE] = None
    """The language of files whose name does not tell it; by default it is recognised."""
    curated: Annotated[bool | None, BLANK_IS_NONE] = None
    """Whether each file is one snippet with front matter; by default a folder with ``sources.yaml`` is curated."""
    texts: dict[_Language, str] = {}
    """Interface texts in Fluent's syntax, from the folder ``texts``."""

    def text(self, field: str, language: str) -> str:
        """Return a field in a language, else in English, else in any; empty where the folder does not give it."""
        values: Mapping[str, str] = getattr(self, field)
        return values.get(language) or values.get(_ANY) or next(iter(values.values()), "")


_LONGEST = {
    "name": 64, "subject": 150, "greeting": 600, "description": 512, "short_description": 120, "about": 600,
    "operator": 200, "official": 300,
}  # fmt: skip
"""Characters. Messengers show no more of a name and a description, and the rest is read on a phone."""
_LONGEST_EXAMPLE = 60


def read_profile(folder: Path, problems: list[Problem]) -> Profile:
    """Read ``bot.yaml`` and ``texts/*.ftl`` below ``folder``; what is wrong is reported and left out."""
    entry = Entry(PROFILE_FILE, read_yaml_file(folder, PROFILE_FILE, problems), problems)
    profile = Profile()
    if isinstance(entry.node.value, dict):
        profile = entry.validate(Profile) or profile
    elif entry.node.value is not None:
        entry.report(("file",), "must be 'field: value' lines")
    for name, longest in _LONGEST.items():
        for language, text in getattr(profile, name).items():
            if len(text) > longest:
                entry.report((name, language), f"is longer than {longest} characters ({language})")
    for language, questions in profile.examples.items():
        for number, question in enumerate(questions):
            if len(question) > _LONGEST_EXAMPLE:
                reason = f"'{question}' is longer than the {_LONGEST_EXAMPLE} characters of a button"
                entry.report(("examples", language, number), reason, Severity.FLAW)
    texts = dict(profile.texts)
    for file in read_interface_texts(folder, problems):
        texts[PurePosixPath(file.name).stem] = file.text
        problems.extend(_broken_texts(file.name, file.text))
    return profile.model_copy(update={"texts": texts})


def _broken_texts(name: str, text: str) -> list[Problem]:
    """Return what of a Fluent file cannot be read, each with its line."""
    from fluent.syntax import FluentParser, ast

    found = []
    for entry in FluentParser().parse(text).body:
        if isinstance(entry, ast.Junk) and entry.span:
            line = text.count("\n", 0, entry.span.start) + 1
            reason = entry.annotations[0].message if entry.annotations else "cannot be read"
            found.append(Problem(name, line, "text", f"is no text in Fluent's syntax: {reason}"))
    return found
