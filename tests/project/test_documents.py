"""The README and the guides tell the truth about the program."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from index.search.index import Index
from tests.draw_chat import PICTURE, SCREENS, draw
from tests.support import screens
from tests.write_guides import GUIDE, PROGRAM, commands, help_of, written

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDES = sorted(
    path for folder in ("bot", "index", "knowledge", "tests") for path in (ROOT / folder).rglob("README.md")
)
DOCUMENTS = [README, *GUIDES]
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """Return what the headings of a document are called in links."""
    headings = _HEADING.findall(_FENCED.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_settings_and_help_texts_are_current() -> None:
    """The operators' guide prints settings and help as the program does; `python -m tests.write_guides` renews it."""
    guide = GUIDE.read_text(encoding="utf-8")
    assert guide.splitlines() == written(guide).splitlines()


def test_every_verb_shows_an_example() -> None:
    """Each verb's help has an example that names the program and the verb."""
    for path, command in commands():
        if not isinstance(command, click.Group):
            verb = " ".join([PROGRAM, *path])
            examples = re.split(r"\n\s*Examples?\b", help_of(path))
            assert len(examples) == 2 and verb in examples[1], verb


def test_first_commands_are_single_lines() -> None:
    """The README opens with two commands of one line each: one asks, the other tests and is marked as such."""
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)\n```", text, re.DOTALL)[:2]
    assert [block.count("\n") for block in blocks] == [0, 0]
    assert f"{PROGRAM} ask " in blocks[0]
    assert f"<!-- test command -->\n```sh\n{blocks[1]}\n```" in text
    assert blocks[1].endswith("python -m pytest")


def test_the_readme_is_short() -> None:
    """Details belong into the guides: the README has at most 150 lines."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link inside the project leads to a file that is there, and to a heading that it has."""
    for match in _LINK.finditer(_FENCED.sub("", document.read_text(encoding="utf-8"))):
        target, _, anchor = (match[1] or match[2]).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = document.parent / target if target else document
        assert place.exists(), f"{name_of(document)}: {target}"
        if anchor:
            assert anchor in anchors(place.read_text(encoding="utf-8")), f"{name_of(document)}: #{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_named_files_exist(document: Path) -> None:
    """Every file of the code, the tests and the locks that a document names by its path is there."""
    text = document.read_text(encoding="utf-8")
    for named in re.findall(r"(?<![\w/.-])((?:tests|bot|index|\.ci)/[\w/.-]*\w)", text):
        assert (ROOT / named).exists(), f"{name_of(document)}: {named}"
    for module in re.findall(r"python -m (tests\.[\w.]+)", text):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists(), f"{name_of(document)}: {module}"


def test_every_guide_is_linked_from_the_readme() -> None:
    """A reader of the README finds every guide."""
    text = README.read_text(encoding="utf-8")
    assert [name_of(guide) for guide in GUIDES if f"]({name_of(guide)}" not in text] == []


def test_the_picture_shows_what_the_bot_answers(real_index: Index) -> None:
    """The README's picture is drawn from today's answer; `python -m tests.draw_chat` draws it anew."""
    assert PICTURE.read_text(encoding="utf-8") == draw(real_index)


@pytest.mark.parametrize("language", screens.LANGUAGES)
def test_the_kept_screens_are_what_people_see(language: str, real_data: Path) -> None:
    """Welcome, answers, follow-ups, refusal, topics, group and inline; `python -m tests.draw_chat` writes them anew."""
    kept = (SCREENS / f"{language}.txt").read_text(encoding="utf-8")
    assert kept == screens.written(screens.screens(real_data, language))
