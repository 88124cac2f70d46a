"""What an act would do, as reviewers see it before they save it: the changed lines, and the message in Telegram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from bot.locales import Locales
from bot.messages.answers import snippet_html
from bot.messages.buttons import Place
from bot.review.act_checks import check_changes
from bot.review.acts import Act, changes
from bot.review.drafts import Drafts, overlay
from bot.review.knowledge_edit import Change, TeachError
from bot.settings import Settings
from index.knowledge.reader import Knowledge
from index.knowledge.snippet import Snippet
from index.knowledge.yaml_lines import Problem

_KINDS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a diff."""

    kind: str
    """``file``, ``place``, ``added``, ``removed`` or ``same``."""
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as Telegram shows it."""

    language: str
    html: Markup


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do."""

    diff: tuple[DiffLine, ...] = ()
    messages: tuple[Shown, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What ``check`` would refuse."""
    failure: str = ""
    """Why the act cannot be done at all."""
    is_done: bool = False
    """Whether the files say so already."""

    @property
    def can_be_saved(self) -> bool:
        """Whether nothing stands in the way."""
        return not (self.problems or self.failure or self.is_done)


def previewed(act: Act, settings: Settings, author: str, *, check: bool, snippet: str = "") -> Preview:
    """Return what an act would do on top of the author's own drafts.

    Args:
        act: The act.
        settings: Name the folders.
        author: Whose drafts count as published.
        check: Whether the folder is read with the change, which takes a second: then its problems are found, and the
            messages of ``snippet`` are shown.
        snippet: The passage whose messages are shown.
    """
    folder = settings.knowledge_dir
    try:
        before = own_changes(settings, author)
        made = changes(act, folder, onto=before)
        checked = check_changes(folder, made, onto=before) if check and made else None
    except TeachError as error:
        return Preview(failure=relative(str(error), folder))
    return Preview(
        diff=tuple(diff_lines(made, folder.resolve())),
        messages=messages(checked.knowledge, snippet) if checked else (),
        problems=checked.problems if checked else (),
        is_done=not made,
    )


def own_changes(settings: Settings, author: str) -> list[Change]:
    """Return what the drafts of one reviewer change."""
    drafts = [each for each in Drafts(settings.data_dir).all() if each.author == author]
    return overlay(drafts, settings.knowledge_dir).changes


def messages(knowledge: Knowledge, snippet: str) -> tuple[Shown, ...]:
    """Return the messages of a snippet, one for each of its languages."""
    languages = {each.language for each in knowledge.snippets}
    return shown((each for each in knowledge.snippets if each.id == snippet), Locales(knowledge.profile, languages))


def shown(snippets: Iterable[Snippet], locales: Locales) -> tuple[Shown, ...]:
    """Return snippets as Telegram shows them."""
    return tuple(
        # Everything that editors wrote is escaped in it.
        Shown(each.language, Markup(snippet_html(each, None, locales.texts(each.language), Place(""))))  # noqa: S704
        for each in snippets
    )


def relative(text: str, folder: Path) -> str:
    """Return a text with the names of files as they are below the folder."""
    return text.replace(f"{folder.resolve()}/", "").replace(f"{folder}/", "")


def diff_lines(made: Iterable[Change], folder: Path) -> Iterator[DiffLine]:
    """Yield the lines of the diff of some changes, a line with the name of each file before its own."""
    for change in made:
        yield DiffLine("file", change.path.relative_to(folder).as_posix())
        for line in change.diff(folder).splitlines()[2:]:
            yield DiffLine(_KINDS.get(line[:1], "same"), line)
