"""Acts change a few lines of the knowledge and leave every other byte as it was."""

from __future__ import annotations

import difflib
import shutil
import string
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.review.acts import (
    AddQuestions,
    Asked,
    CorrectSnippet,
    DoesNotAnswer,
    KeepForEvaluation,
    NewTranslation,
    NotCovered,
    WriteSnippet,
    changes,
)
from bot.review.knowledge_edit import Change, EditedFolder, TeachError
from bot.review.snippet_edit import body_of, fields_of, seen, slug_of
from bot.review.wordings import is_fit
from index.evaluation.evaluation_set import check_evaluation, read_evaluation
from index.knowledge.reader import read_knowledge
from index.knowledge.registers import read_sources
from index.knowledge.snippet import Source
from index.knowledge.yaml_lines import Problem, Severity

ROOT = Path(__file__).parents[2]
BODY = "---\nLithium is mined.  \n\n- questions: not these\n"
FORMS = {
    "block": "---\ntitle: Lithium   # kept\nquestions:\n  - what is it\n  - 'why: so'\nas_of: 2025-06\n",
    "block without indent": "---\ntitle: Lithium\nquestions:\n- what is it\nas_of: 2025-06\n",
    "at the end": "---\ntitle: Lithium\nquestions:\n    - what is it\n",
    "with comments": "---\n# about\nquestions: # ways\n  - what is it # usual\n  # and rarer\n\nas_of: 2025-06\n",
    "none": "---\ntitle: Lithium\n",
    "empty": "---\ntitle: Lithium\nquestions:   # ways\nas_of: 2025-06\n",
    "empty in one line": "---\nquestions: []\ntitle: Lithium\n",
    "folded": "---\nquestions:\n  - >-\n    what\n    is it\ntitle: Lithium\n",
}


def add_questions(folder: Path, snippet: str, questions: list[tuple[str, str]]) -> list[Change]:
    """Return the changes of files when questions are added to a snippet."""
    return changes(AddQuestions(snippet, tuple(Asked(*each) for each in questions)), folder)


def add_to_evaluation(folder: Path, questions: list[tuple[str, str]], snippet: str | None = None) -> list[Change]:
    """Return the changes of files when questions are kept for evaluation."""
    return changes(KeepForEvaluation(tuple(Asked(*each) for each in questions), snippet), folder)


def snippet(folder: Path, text: str, name: str = "lithium.md") -> Path:
    """Write a snippet file and return its path."""
    (folder / "resources").mkdir(parents=True, exist_ok=True)
    path = folder / "resources" / name
    path.write_bytes(text.encode())
    return path


def questions_in(text: str) -> list[str]:
    """Return the questions of a file's front matter."""
    return list(yaml.safe_load(text.split("---")[1])["questions"] or [])


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("form", FORMS)
def test_only_added_lines_differ(tmp_path: Path, form: str, newline: str) -> None:
    """A list with a line for each question is extended or made; the diff has nothing but the new questions."""
    before = (FORMS[form] + BODY).replace("\n", newline)
    snippet(tmp_path, before)
    [change] = add_questions(tmp_path, "resources/lithium", [("en", "how much: a tonne?"), ("en", "where")])
    assert questions_in(change.after)[-2:] == ["how much: a tonne?", "where"]
    assert change.after.endswith(BODY.replace("\n", newline))
    lines = difflib.ndiff(before.split(newline), change.after.split(newline))
    assert [line for line in lines if line.startswith("- ") and line != "- questions: []"] == []
    change.write()
    assert (tmp_path / "resources" / "lithium.md").read_bytes().decode() == change.after


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    """In a snippet and in evaluation.yaml, with or without a list there; the file reads as before."""
    for form in ("block", "none"):
        snippet(tmp_path, f"\ufeff{FORMS[form]}{BODY}")
        [change] = add_questions(tmp_path, "resources/lithium", [("en", "where")])
        change.write()
        assert (tmp_path / "resources" / "lithium.md").read_bytes().startswith(b"\xef\xbb\xbf---\n")
        assert questions_in(change.after)[-1] == "where"
    path = tmp_path / "evaluation.yaml"
    for before in (
        "",
        "questions:\n  - question: old\n    answers: []\n",
        "questions:\n- {question: old, answers: []}",
    ):
        path.write_text(before, encoding="utf-8-sig")
        [change] = add_to_evaluation(tmp_path, [("en", "how much")], "resources/lithium")
        change.write()
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert [each.text for each in read_evaluation(path).questions][-1] == "how much"


@pytest.mark.parametrize("encoding", ["utf-16", "cp1251"])
def test_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    """The message names the file and the remedy, and the file stays as it was."""
    content = "---\ntitle: Литий\n---\nЛитий.\n".encode(encoding)
    path = snippet(tmp_path, "")
    path.write_bytes(content)
    with pytest.raises(TeachError, match=r"lithium\.md:?\d?: is .*; save it as UTF-8"):
        add_questions(tmp_path, "resources/lithium", [("en", "where")])
    assert path.read_bytes() == content


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")), min_size=1
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_question_reads_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Whatever people see of what they type comes back from the YAML, in one line."""
    folder = tmp_path_factory.mktemp("knowledge")
    snippet(folder, FORMS["block"] + BODY)
    changes = add_questions(folder, "resources/lithium", [("en", text) for text in texts])
    wanted = [" ".join(text.split()) for text in texts]
    after = changes[0].after if changes else FORMS["block"]
    assert set(wanted) <= set(questions_in_first_block(after))


def questions_in_first_block(text: str) -> list[str]:
    """Return the questions above the first line that is only ``---``, past the first."""
    lines = text.split("\n")
    end = lines.index("---", 1)
    return list(yaml.load("\n".join(lines[1:end]), Loader=yaml.BaseLoader)["questions"])


def test_questions_go_to_their_languages_file(tmp_path: Path) -> None:
    """A translation gets the questions of its language; languages without one go to the main file."""
    snippet(tmp_path, FORMS["block"] + BODY)
    snippet(tmp_path, FORMS["none"] + BODY, "lithium.ru.md")
    changes = add_questions(tmp_path, "resources/lithium", [("ru", "сколько"), ("kk", "қанша"), ("en", "how much")])
    assert {change.path.name: questions_in(change.after)[-2:] for change in changes} == {
        "lithium.ru.md": ["сколько"],
        "lithium.md": ["қанша", "how much"],
    }


def test_the_same_question_is_not_added_twice(tmp_path: Path) -> None:
    """A question that is there already changes nothing."""
    snippet(tmp_path, FORMS["block"] + BODY)
    assert add_questions(tmp_path, "resources/lithium", [("en", "what is it")]) == []


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("lithium.md", "Just a text.", "no front matter"),
        ("lithium.md", "---\nquestions: [a\n---\n", "broken YAML"),
        ("lithium.md", "---\nquestions: what is it\n---\n", "no list"),
        ("lithium.md", "---\nquestions: {a: b}\n---\n", "no list"),
        ("other.md", FORMS["block"] + BODY, "no such snippet"),
    ],
)
def test_what_cannot_be_extended_is_left_alone(tmp_path: Path, name: str, text: str, reason: str) -> None:
    """The error names the file and the reason."""
    snippet(tmp_path, text, name)
    with pytest.raises(TeachError, match=reason):
        add_questions(tmp_path, "resources/lithium", [("en", "how much")])


def test_paths_stay_inside_the_knowledge(tmp_path: Path) -> None:
    """An id that leads out of the folder is no snippet."""
    (tmp_path / "knowledge").mkdir()
    snippet(tmp_path, FORMS["block"] + BODY)
    with pytest.raises(TeachError, match="lies outside"):
        add_questions(tmp_path / "knowledge", "../resources/lithium", [("en", "how much")])
    with pytest.raises(TeachError, match="no name"):
        changes(begun("..", "lithium", ["how much"]), tmp_path)


def test_file_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """What an editor saved between the diff and the answer is not lost."""
    path = snippet(tmp_path, FORMS["block"] + BODY)
    [change] = add_questions(tmp_path, "resources/lithium", [("en", "how much")])
    path.write_text("edited")
    with pytest.raises(TeachError, match="meantime"):
        change.write()
    assert path.read_text() == "edited"


def test_out_of_scope_goes_to_the_evaluation(tmp_path: Path) -> None:
    """The questions become ones without an answer, in a file that is made or extended."""
    [first] = add_to_evaluation(tmp_path, [("en", "who won the match")])
    first.write()
    [second] = add_to_evaluation(tmp_path, [("ru", "нужна ли виза: да?"), ("en", "who won the match")])
    second.write()
    assert second.after.startswith(first.after)
    assert yaml.safe_load((tmp_path / "evaluation.yaml").read_text())["questions"] == [
        {"question": "who won the match", "kind": "asked", "language": "en", "answers": []},
        {"question": "нужна ли виза: да?", "kind": "asked", "language": "ru", "answers": []},
    ]


def test_questions_with_an_answer_go_to_the_evaluation(tmp_path: Path) -> None:
    """They are added at the end of the real file, floor and comments kept, and its reader takes them as held out."""
    knowledge = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", knowledge)
    loaded = read_knowledge(knowledge)
    snippet_id = loaded.snippets[0].id
    before = (knowledge / "evaluation.yaml").read_text()
    asked = [("en", "so: what is this about, then?"), ("kk", "бұл не туралы?")]
    [change] = add_to_evaluation(knowledge, asked, snippet_id)
    assert change.after.startswith(before)
    change.write()
    found = read_evaluation(knowledge / "evaluation.yaml")
    assert [(each.language, each.text, each.answers, each.kind) for each in found.questions[-2:]] == [
        (language, text, (snippet_id,), "asked") for language, text in asked
    ]
    assert [*found.problems, *check_evaluation(found, loaded)] == []


def test_what_would_prove_nothing_stays_out_of_the_evaluation(tmp_path: Path) -> None:
    """A question of the snippet itself, in whatever case, and a snippet that is not there are refused."""
    snippet(tmp_path, FORMS["block"] + BODY)
    with pytest.raises(TeachError, match="prove nothing"):
        add_to_evaluation(tmp_path, [("en", "What is it")], "resources/lithium")
    with pytest.raises(TeachError, match="no such snippet"):
        add_to_evaluation(tmp_path, [("en", "where is it")], "resources/copper")


def test_a_list_in_one_line_stays_in_it(tmp_path: Path) -> None:
    """The new questions stand behind the others."""
    snippet(tmp_path, '---\nquestions: [what is it, "why, so"] # two\ntitle: Lithium\n---\n')
    [change] = add_questions(tmp_path, "resources/lithium", [("en", "how: much, then?")])
    assert change.after == ('---\nquestions: [what is it, "why, so", "how: much, then?"] # two\ntitle: Lithium\n---\n')


def begun(topic: str, slug: str, questions: list[str], language: str = "en") -> WriteSnippet:
    """Return a snippet that is begun with questions and has no text yet."""
    translation = NewTranslation(language, questions[0], "", tuple(questions))
    return WriteSnippet(topic, slug, "2026-11-29", "", (), (), (translation,), "en")


def test_a_snippet_without_text_is_a_draft(tmp_path: Path) -> None:
    """It is begun with all but what only a person can write, and until its text is written it blocks no build."""
    slug = slug_of("How much lithium is there?", "gap-1")
    act = begun("resources", slug, ["How much lithium is there?", "lithium: how much"])
    [change] = changes(act, tmp_path)
    assert change.path == tmp_path / "resources" / "how-much-lithium-is-there.md"
    assert questions_in(change.after) == ["How much lithium is there?", "lithium: how much"]
    assert change.after.endswith("---\n")
    change.write()
    (tmp_path / "sources.yaml").write_text("{}")
    knowledge = read_knowledge(tmp_path)
    assert [problem.field for problem in knowledge.problems] == ["draft"]
    assert knowledge.problems[0].severity is Severity.NOTE
    with pytest.raises(TeachError, match="there already"):
        changes(act, tmp_path)


@given(st.text(string.printable + "литийқ"))
def test_slugs_are_file_names(question: str) -> None:
    """Any question gives a name of a–z, 0–9 and hyphens."""
    assert set(slug_of(question, "gap-1")) <= set(string.ascii_lowercase + string.digits + "-")


@pytest.mark.parametrize("question", ["ring [phone] please", "", "   ", "bad \ufffd"])
def test_redacted_questions_are_not_published(question: str) -> None:
    """A question in which something was redacted cannot be picked."""
    assert not is_fit(question)


WHOLE = """---
title: Lithium   # kept
sources: [press]
as_of: 2025-06
questions:
  - what is it
  - 'why: so'
---

Lithium is mined.

"""


def test_what_a_snippet_does_not_answer_goes_to_the_file_in_its_language(tmp_path: Path) -> None:
    """The list is begun where there is none."""
    snippet(tmp_path, FORMS["block"] + BODY)
    snippet(tmp_path, FORMS["none"] + BODY, "lithium.ru.md")
    asked = (Asked("ru", "сколько стоит"), Asked("en", "price: how much"))
    made = {change.path.name: change for change in changes(DoesNotAnswer("resources/lithium", asked), tmp_path)}
    assert made["lithium.ru.md"].after == made["lithium.ru.md"].before.replace(
        "---\nLithium", "does_not_answer:\n  - сколько стоит\n---\nLithium"
    )
    assert yaml.safe_load(made["lithium.md"].after.split("---")[1])["does_not_answer"] == ["price: how much"]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_correction_changes_what_was_corrected(tmp_path: Path, newline: str, mark: str) -> None:
    """Title, text and one question; comments, empty lines, line ends and the byte-order mark stay."""
    path = snippet(tmp_path, mark + WHOLE.replace("\n", newline))
    act = CorrectSnippet(
        "resources/lithium",
        "en",
        "Lithium: how much",
        "Lithium was mined.\r\nIn 2025.",
        seen("Lithium", "Lithium is mined."),
        added=("since when",),
        removed=("why: so",),
    )
    [change] = changes(act, tmp_path)
    change.write()
    wanted = (
        WHOLE.replace("title: Lithium ", "title: 'Lithium: how much' ")
        .replace("Lithium is mined.", "Lithium was mined.\nIn 2025.")
        .replace("'why: so'", "since when")
    )
    assert path.read_bytes().decode() == mark + wanted.replace("\n", newline)


def test_the_same_text_is_no_change(tmp_path: Path) -> None:
    """A form sent as it came changes nothing."""
    snippet(tmp_path, WHOLE.replace("\n", "\r\n"))
    same = CorrectSnippet(
        "resources/lithium", "en", "Lithium", "Lithium is mined.", seen("Lithium", "Lithium is mined.")
    )
    assert changes(same, tmp_path) == []


def test_a_text_that_nobody_saw_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody has edited the file since the form was opened."""
    snippet(tmp_path, WHOLE.replace("is mined", "was mined"))
    act = CorrectSnippet("resources/lithium", "en", "Lithium", "Mine.", seen("Lithium", "Lithium is mined."))
    with pytest.raises(TeachError, match="another title or text than the reviewer saw"):
        changes(act, tmp_path)


def test_a_missing_translation_is_written(tmp_path: Path) -> None:
    """Beside the original; one that somebody wrote meanwhile is not overwritten."""
    snippet(tmp_path, WHOLE)
    act = CorrectSnippet("resources/lithium", "ru", "Литий", "Литий добывают.", "", added=("литий",))
    [change] = changes(act, tmp_path)
    assert change.path.name == "lithium.ru.md"
    assert change.after == "---\ntitle: Литий\nquestions:\n  - литий\n---\nЛитий добывают.\n"
    change.write()
    with pytest.raises(TeachError, match="written meanwhile"):
        changes(act, tmp_path)


def written(base: str = "en", *languages: str, source: Source | None = None) -> WriteSnippet:
    """Return a whole new snippet in some languages."""
    texts = {"en": ("Tin", "Tin is mined."), "ru": ("Олово", "Олово добывают."), "kk": ("Қалайы", "Қалайы өндіріледі.")}
    return WriteSnippet(
        "resources",
        "tin",
        "2025-06",
        "Ann: a minister",
        (source.id,) if source else ("press",),
        (source,) if source else (),
        tuple(NewTranslation(name, *texts[name], (texts[name][0].lower(),)) for name in languages),
        base,
    )


@pytest.mark.parametrize(
    ("base", "languages", "files"),
    [
        ("en", ("en", "ru", "kk"), {"tin.md": "en", "tin.ru.md": "ru", "tin.kk.md": "kk"}),
        ("en", ("ru",), {"tin.md": "ru"}),
        ("en", ("ru", "en"), {"tin.md": "ru", "tin.en.md": "en"}),
        ("ru", ("ru", "en"), {"tin.md": "ru", "tin.en.md": "en"}),
    ],
)
def test_a_new_snippet_reads_in_its_languages(
    tmp_path: Path, base: str, languages: tuple[str, ...], files: dict[str, str]
) -> None:
    """Whatever the language of the folder, the files are sound and nothing is a draft."""
    (tmp_path / "sources.yaml").write_text("press: {publisher: The Press, title: News}\n")
    (tmp_path / "bot.yaml").write_text(f"language: {base}\n")
    for change in changes(written(base, *languages), tmp_path):
        change.write()
    found = read_knowledge(tmp_path)
    assert found.problems == ()
    assert {Path(place.file).name: language for (_, language), place in found.locations.items()} == files
    assert {each.speaker for each in found.snippets} == {"Ann: a minister"}
    assert {each.sources[0].id for each in found.snippets} == {"press"}


@pytest.mark.parametrize(
    "register",
    [
        "",
        "{}\n",
        "# all sources\npress: {publisher: P, title: T}  # kept\n",
        "press:\n  publisher: P\n  title: T",
        "- id: press\n  publisher: P\n  title: T\n",
        "\ufeffpress:\r\n  publisher: P\r\n  title: T\r\n",
    ],
)
def test_a_source_is_added_to_any_register(tmp_path: Path, register: str) -> None:
    """Its lines come last; what was there stays."""
    (tmp_path / "sources.yaml").write_bytes(register.encode())
    source = Source("spa-2025", "Spa: Times", "#1 deal", "2025-06", "https://example.org/a?b=c#d")
    for change in changes(written("en", "en", source=source), tmp_path):
        change.write()
    after = (tmp_path / "sources.yaml").read_bytes().decode()
    assert after.startswith(register.replace("{}\n", ""))
    problems: list[Problem] = []
    assert (read_sources(tmp_path, date(2026, 1, 1), problems) or {})["spa-2025"] == source
    assert problems == []


def test_a_register_in_one_line_says_what_to_do(tmp_path: Path) -> None:
    """Nothing is written."""
    (tmp_path / "sources.yaml").write_text("{press: {publisher: P, title: T}}\n")
    with pytest.raises(TeachError, match="below each other"):
        changes(written("en", "en", source=Source("a", "b", "c")), tmp_path)


def test_what_will_not_be_covered_is_listed(tmp_path: Path) -> None:
    """The file is made, then extended; the same question is not listed twice."""
    for texts in (("who won", "цена: сколько?"), ("who won", "weather")):
        for change in changes(NotCovered(tuple(Asked("en", text) for text in texts)), tmp_path):
            change.write()
    assert yaml.safe_load((tmp_path / "not_covered.yaml").read_text()) == {
        "questions": ["who won", "цена: сколько?", "weather"]
    }


def test_questions_find_a_snippet_without_a_main_file(tmp_path: Path) -> None:
    """Where every file names its language, the one in the question's language takes it, else the English one."""
    for language in ("en", "ru"):
        snippet(tmp_path, FORMS["block"] + BODY, f"lithium.{language}.md")
    made = add_questions(tmp_path, "resources/lithium", [("ru", "сколько"), ("kk", "қанша")])
    assert {change.path.name for change in made} == {"lithium.ru.md", "lithium.en.md"}


_LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), min_size=1, max_size=40
)


@settings(deadline=None)
@given(_LINES, st.lists(_LINES, min_size=1, max_size=3), st.lists(_LINES, min_size=1, max_size=4))
def test_any_title_text_and_question_reads_back(
    tmp_path_factory: pytest.TempPathFactory, title: str, lines: list[str], questions: list[str]
) -> None:
    """A correction holds what was typed, and a second one finds what the first has written."""
    assume(title.strip() and "".join(lines).strip())
    folder = tmp_path_factory.mktemp("knowledge")
    path = snippet(folder, WHOLE)
    body, before = "\n".join(lines), seen("Lithium", "Lithium is mined.")
    first = CorrectSnippet("resources/lithium", "en", title, body, before, added=tuple(questions))
    for change in changes(first, folder):
        change.write()
    edited = EditedFolder(folder)
    fields = fields_of(edited, path)
    assert fields["title"] == " ".join(title.split())
    assert {" ".join(each.split()) for each in questions} - {""} <= set(fields["questions"])
    now = seen(fields["title"], body_of(edited, path))
    second = CorrectSnippet("resources/lithium", "en", "Lithium", "Lithium is mined.", now, removed=tuple(questions))
    for change in changes(second, folder):
        change.write()
    assert path.read_text() == WHOLE


def test_a_translation_that_is_a_draft_hides_no_other(tmp_path: Path) -> None:
    """Where the original is finished first, the finished translations are read, too."""
    (tmp_path / "sources.yaml").write_text("press: {publisher: The Press, title: News}\n")
    act = written("en", "en", "kk", "ru")
    unfinished = tuple(each._replace(text="") if each.language == "kk" else each for each in act.translations)
    for change in changes(replace(act, translations=unfinished), tmp_path):
        change.write()
    assert {each.language for each in read_knowledge(tmp_path).snippets} == {"en", "ru"}
