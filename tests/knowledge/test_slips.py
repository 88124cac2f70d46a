"""What an editor did not mean is told once, with a remedy, and never changes how other files are read."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from index.knowledge.lint import lint
from index.knowledge.reader import read_knowledge
from index.knowledge.yaml_lines import Severity, YamlError, parse_yaml

TODAY = date(2026, 11, 23)
SOURCES = "press: {publisher: The Press, title: News}\n"
HEAD = "title: Copper\nsources: [press]\nas_of: 2025-06-04\n"
BODIES = ("Copper is mined in the north.", "Zinc and lead come from the east of the land.", "Tin lies in old hills.")


def write(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def problems(folder: Path) -> list[str]:
    knowledge = read_knowledge(folder, today=TODAY)
    found = lint(knowledge, None, 0)
    return [str(problem) for problem in sorted([*knowledge.problems, *found])]


@pytest.fixture
def curated(tmp_path: Path) -> Path:
    """A folder with a register of sources and three sound snippets."""
    write(tmp_path, "sources.yaml", SOURCES)
    for name, body in zip("abc", BODIES, strict=True):
        write(tmp_path, f"{name}.md", f"---\n{HEAD}---\n{body}\n")
    return tmp_path


def test_the_curated_folder_is_sound(curated: Path) -> None:
    """The fixture that the other tests spoil."""
    assert problems(curated) == []


@pytest.mark.parametrize("first", ["---\ntitle: B\n---\n", "---\n", "---\n: [\n---\n"])
def test_one_file_with_front_matter_changes_no_other(tmp_path: Path, first: str) -> None:
    """A folder is plain where nothing says that it is curated."""
    write(tmp_path, "a.md", "Copper is red.\n\nZinc is grey.\n")
    write(tmp_path, "b.md", f"{first}Tin is white.\n")
    knowledge = read_knowledge(tmp_path, today=TODAY)
    assert knowledge.problems == ()
    texts = [snippet.text for snippet in knowledge.snippets]
    assert texts[:2] == ["Copper is red.", "Zinc is grey."]
    assert "Tin is white." in texts


@pytest.mark.parametrize(("said", "is_curated"), [("true", True), ("false", False)])
def test_a_folder_may_say_what_it_is(curated: Path, said: str, is_curated: bool) -> None:
    """``bot.yaml`` decides, whatever files the folder has."""
    write(curated, "bot.yaml", f"curated: {said}\n")
    assert read_knowledge(curated, today=TODAY).is_curated is is_curated


def test_a_draft_is_left_out_with_its_translations(curated: Path) -> None:
    """It blocks no build, though it has neither text nor sources yet."""
    write(curated, "d.md", "---\ntitle: D\ndraft: true\nsources: []\n---\n")
    write(curated, "d.ru.md", "---\ntitle: Д\n---\nНачало.\n")
    knowledge = read_knowledge(curated, today=TODAY)
    assert {problem.severity for problem in knowledge.problems} == {Severity.NOTE}
    assert [str(problem) for problem in knowledge.problems] == [
        "d.md:3: draft: warning: a draft; the snippet is not indexed",
        "d.ru.md:1: draft: warning: a draft; the snippet is not indexed",
    ]
    assert len(knowledge.snippets) == 3
    knowledge.require_sound()


@pytest.mark.parametrize("spoilt", ["press: {publisher: 'P, title: N}\n", b"\xff\xfep\x00"])
def test_sources_that_cannot_be_read_are_one_problem(curated: Path, spoilt: str | bytes) -> None:
    """No snippet is blamed for naming what stands in a broken file."""
    write(curated, "sources.yaml", spoilt)
    assert [line.split(":")[0] for line in problems(curated)] == ["sources.yaml"]


@pytest.mark.parametrize("spoilt", [b"\xff\xfep\x00", f"---\n{HEAD}title: again\n---\nCopper.\n"])
def test_a_snippet_that_cannot_be_read_is_one_problem(curated: Path, spoilt: str | bytes) -> None:
    """Nobody is blamed for naming it."""
    write(curated, "a.md", spoilt)
    write(curated, "b.md", f"---\n{HEAD}see_also: [a]\n---\n{BODIES[1]}\n")
    write(curated, "evaluation.yaml", "questions:\n- {question: Where is copper mined, answers: [a]}\n")
    assert [line.split(":")[0] for line in problems(curated)] == ["a.md"]


def test_a_missing_source_is_told_once(curated: Path) -> None:
    """However many snippets name it, with the id that was probably meant."""
    write(curated, "sources.yaml", SOURCES.replace("press", "prezs"))
    assert problems(curated) == [
        "a.md:3: sources: unknown source 'press'; add it to sources.yaml; did you mean 'prezs'? (2 more like this)"
    ]


def test_a_repeated_text_is_told_once_for_each_copy(tmp_path: Path) -> None:
    """Four copies of a note are three problems, not six."""
    for name in "abcd":
        write(tmp_path, f"{name}.md", "Copper is mined in the north of the country.\n")
    assert [line.split(":")[0] for line in problems(tmp_path)] == ["b.md", "c.md", "d.md"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("as_of: 2026-11-25", "a.md:4: as_of: '2026-11-25' lies in the future"),
        ("as_of: 2027", "a.md:4: as_of: '2027' lies in the future"),
        ("as_of: 2026-11-24", None),
        ("as_of: 2026", None),
        ("as_of: 2026\nauthors: x", "a.md:5: authors: unknown field; known are"),
        ("as_of: 2026\nspeakers: x", "a.md:5: speakers: unknown field; did you mean 'speaker'?"),
        ("as_of: 2026\nsee_also: [A]", "a.md:5: see_also: unknown snippet 'A'"),
        ("as_of: 2026\nsee_also: [bb]", "a.md:5: see_also: unknown snippet 'bb'; did you mean 'b'?"),
    ],
)
def test_slips_in_fields_are_noticed(curated: Path, field: str, expected: str | None) -> None:
    """A date after tomorrow, a field or a snippet that does not exist."""
    write(curated, "a.md", f"---\n{HEAD.replace('as_of: 2025-06-04', field)}---\n{BODIES[0]}\n")
    found = problems(curated)
    assert [line.startswith(expected) for line in found] == [True] if expected else found == []


@pytest.mark.parametrize(
    ("name", "expected", "language"),
    [
        ("a.kz.md", "a.kz.md:1: file: 'kz' is not the code of a language; did you mean a.kk.md?", "kk"),
        ("a.ua.md", "a.ua.md:1: file: 'ua' is not the code of a language; did you mean a.uk.md?", "uk"),
        ("a.RU.md", None, "ru"),
    ],
)
def test_the_code_of_a_country_is_no_language(curated: Path, name: str, expected: str | None, language: str) -> None:
    """It is told, and read as what was meant."""
    write(curated, name, "---\ntitle: Т\n---\nМыс солтүстікте.\n")
    assert [line for line in problems(curated) if "file:" in line] == ([expected] if expected else [])
    assert ("a", language) in {(each.id, each.language) for each in read_knowledge(curated, today=TODAY).snippets}


def test_two_letters_that_are_no_language_stay_in_the_name(tmp_path: Path) -> None:
    """A note may be called after a program."""
    write(tmp_path, "node.js.md", "Tin is white.\n")
    assert problems(tmp_path) == []
    assert read_knowledge(tmp_path, today=TODAY).snippets[0].id == "node.js"


def test_names_and_texts_have_one_unicode_form(tmp_path: Path) -> None:
    """However a system writes a letter with a mark, ids and what refers to them are equal."""
    decomposed = unicodedata.normalize("NFD", "métal")
    write(tmp_path, "sources.yaml", unicodedata.normalize("NFC", "pressé: {publisher: P, title: N}\n"))
    head = f"title: T\nsources: [{unicodedata.normalize('NFD', 'pressé')}]\nas_of: 2025\n"
    write(tmp_path, f"{decomposed}.md", f"---\n{head}see_also: [métal]\n---\n{decomposed} est rouge.\n")
    assert problems(tmp_path) == []
    (only,) = read_knowledge(tmp_path, today=TODAY).snippets
    assert (only.id, only.text) == ("métal", "métal est rouge.")


@pytest.mark.parametrize("name", ["сopper.md", "Copper.md", "cop\u200bper.md"])
def test_names_that_look_the_same_are_told(tmp_path: Path, name: str) -> None:
    """A Cyrillic letter, a capital one or an invisible one makes another file."""
    write(tmp_path, "copper.md", BODIES[0])
    write(tmp_path, name, BODIES[1])
    (line,) = problems(tmp_path)
    assert "its name looks like" in line


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Медь красная.".encode("cp1251"), "is not valid UTF-8 (byte 0xcc); save it as UTF-8"),
        ("Copper is red.".encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8"),
        ("Copper is red.".encode("utf-32"), "is UTF-32, not UTF-8; save it as UTF-8"),
        ("Copper is red.".encode("utf-16-le"), "is UTF-16 without its mark, or no text, not UTF-8; save it as UTF-8"),
    ],
)
@pytest.mark.parametrize("name", ["a.md", "bot.yaml", "evaluation.yaml", "synonyms.yaml"])
def test_other_encodings_are_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """Each reader names the file and what to do."""
    write(tmp_path, name, content)
    assert f"{name}:1: file: {reason}" in problems(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("title: Copper: red", 1, 'write title: "Copper: red"'),
        ("a: 1\n\tb: 2", 2, "begins with a tab; indent with spaces"),
        ('title: "Copper', 1, "a quotation mark is opened and not closed"),
        ('title: "A" and B', 1, "put the whole text in quotes of the other kind"),
        ("title: @press", 1, "a text that begins with '@' must stand in quotes"),
        ("title: *new*", 1, "a text that begins with '*' must stand in quotes"),
        ("a: [x\nb: 1", 2, "a list in brackets is not closed"),
        ("a: 1\n  b: 2", 2, "indented too far"),
        ("- a\nb: 1", 2, "a list and fields are mixed"),
    ],
)
def test_broken_yaml_is_told_in_words_of_an_editor(text: str, line: int, reason: str) -> None:
    """The reason says what to write, not what a parser expected."""
    with pytest.raises(YamlError, match="broken YAML: ") as caught:
        parse_yaml(text)
    assert reason in str(caught.value)
    assert caught.value.line == line
