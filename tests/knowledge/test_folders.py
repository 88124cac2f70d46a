"""Folders as other programs keep them are read as their readers see them; ``expected.txt`` beside each says how.

Each passage stands there as ``== id | title | date``, its question as ``??``, its text, and what is set off as ``--``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.knowledge.reader import read_knowledge
from index.knowledge.snippet import Snippet
from index.search.index import Index

FOLDERS = Path(__file__).parents[1] / "folders"
KINDS = sorted(path.parent.name for path in FOLDERS.glob("*/expected.txt"))


def as_listed(snippet: Snippet) -> tuple[str, int]:
    """Order snippets as their files have them."""
    file, _, number = snippet.id.partition("#")
    return file, int(number or 0)


def shown(folder: Path) -> Iterator[str]:
    knowledge = read_knowledge(folder, today=date(2026, 11, 1))
    for snippet in sorted(knowledge.snippets, key=as_listed):
        yield f"== {snippet.id} | {snippet.title}" + (f" | {snippet.as_of}" if snippet.as_of else "")
        yield from (f"?? {question}" for question in snippet.questions)
        yield snippet.text
        for mark in snippet.marks:
            yield f"-- {mark.kind}: {snippet.text[mark.start : mark.end]!r} {mark.url}".rstrip()
    yield from (f"!! {problem}" for problem in knowledge.problems)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_read_as_its_reader_sees_it(kind: str) -> None:
    """Titles, questions, texts and marks are those that a person would write down, and markup is in none of them."""
    folder = FOLDERS / kind
    assert "\n".join(shown(folder / "texts")) + "\n" == (folder / "expected.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path) -> Iterator[Index]:
    """A product manual with error codes, built."""
    data = tmp_path_factory.mktemp("manual")
    (data / "encoders").symlink_to(encoder_cache)
    build(FOLDERS / "codes", data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    yield index
    index.close()


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("what does E07 mean", "E07"),
        ("what does e08 mean", "E08"),
        ("my machine shows E09", "E09"),
        ("E10", "E10"),
        ("error KZ52", "KZ-52"),
        ("what is KZ-53", "KZ-53"),
        ("error 12-b on the display", "12-b"),
        ("error 12-c on the display", "12-c"),
        ("the door is closed and it still shows E09", "E09"),
        ("is E10 about the water tap", "E10"),
        ("I closed the door and pressed Start but E08 stays", "E08"),
        ("does E09 come from the drum that does not turn", "E09"),
        ("pump needs care, what is KZ-53", "KZ-53"),
        ("is 12-c a message about the belt", "12-c"),
        ("should I clean the filter when I see e07", "E07"),
        ("Е10 что это, дверь закрыта", "E10"),
    ],
)
def test_a_code_finds_its_own_passage(manual: Index, question: str, holds: str) -> None:
    """Codes that differ in one sign are different things, whatever else a passage has in common with the question."""
    assert holds in manual.answer(question).hits[0].snippet.text


@pytest.mark.parametrize(
    ("question", "decision"),
    [
        ("what does E07 mean", "answer"),
        ("E10", "answer"),
        ("e-09", "answer"),
        ("what is 12-b?", "answer"),
        ("КZ-52", "answer"),
        ("E07 door", "answer"),
        ("E07 warranty", "closest"),
    ],
)
def test_a_code_alone_is_answered_by_the_one_passage_that_has_it(manual: Index, question: str, decision: str) -> None:
    """What else is asked must stand there, too."""
    assert manual.answer(question).decision == decision


def test_an_unknown_code_is_not_answered(manual: Index) -> None:
    """A passage about another code may be close, and is no answer."""
    assert manual.answer("what does E77 mean").decision != "answer"


def test_a_faq_finds_the_right_passage(tmp_path: Path, encoder_cache: Path) -> None:
    """Of forty questions in plain other words at least nine of ten find their passage first."""
    import yaml

    (tmp_path / "encoders").symlink_to(encoder_cache)
    build(FOLDERS / "faq_en", tmp_path, encoder=DEFAULT_ENCODER)
    questions = yaml.safe_load((FOLDERS / "faq_en.yaml").read_text(encoding="utf-8"))
    index = Index.open(tmp_path)
    first = [int(index.answer(question).hits[0].snippet.id.partition("#")[2]) for question in questions]
    index.close()
    assert sum(found == place for place, found in enumerate(first, start=1)) >= 36
