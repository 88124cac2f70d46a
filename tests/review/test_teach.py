"""Teaching adds a few lines to the knowledge and leaves every other byte as it was."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import string
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from bot.querylog import schema
from bot.querylog.log import Entry
from bot.review.knowledge_edit import TeachError, add_questions, add_to_evaluation, draft, is_fit, slug_of
from bot.review.options import log as log_commands
from index.build.builder import BuildResult
from index.evaluation.evaluation_set import check_evaluation, read_evaluation
from index.knowledge.reader import read_knowledge
from index.knowledge.yaml_lines import Severity
from index.search.index import Index
from tests.support.log_answers import entry, open_log

ROOT = Path(__file__).parents[2]
BODY = "---\nLithium is mined.  \n\n- questions: not these\n"
FORMS = {
    "block": "---\ntitle: Lithium   # kept\nquestions:\n  - what is it\n  - 'why: so'\nas_of: 2025-06\n",
    "block without indent": "---\ntitle: Lithium\nquestions:\n- what is it\nas_of: 2025-06\n",
    "at the end": "---\ntitle: Lithium\nquestions:\n    - what is it\n",
    "with comments": "---\n# about\nquestions: # ways\n  - what is it # usual\n  # and rarer\n\nas_of: 2025-06\n",
    "none": "---\ntitle: Lithium\n",
    "folded": "---\nquestions:\n  - >-\n    what\n    is it\ntitle: Lithium\n",
}


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
    assert [line for line in lines if line.startswith("- ")] == []
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
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Co", "Cn")), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_any_question_reads_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Whatever people type comes back from the YAML as they typed it, in one line."""
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
        ("lithium.md", '---\nquestions: [what is it, "why, so"]\n---\n', "by hand"),
        ("lithium.md", "---\nquestions: []\n---\n", "by hand"),
        ("lithium.md", "---\nquestions:\n---\n", "by hand"),
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
    with pytest.raises(TeachError, match="no such snippet"):
        add_questions(tmp_path / "knowledge", "../resources/lithium", [("en", "how much")])
    with pytest.raises(TeachError, match="no name"):
        draft(tmp_path, "..", "lithium", ["how much"])


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


def test_draft_holds_the_questions_and_no_answer(tmp_path: Path) -> None:
    """A new snippet is begun with all but what only a person can write."""
    change = draft(
        tmp_path,
        "resources",
        slug_of("How much lithium is there?", "gap-1"),
        ["How much lithium is there?", "lithium: how much"],
    )
    assert change.path == tmp_path / "resources" / "how-much-lithium-is-there.md"
    assert questions_in(change.after) == ["How much lithium is there?", "lithium: how much"]
    assert change.after.endswith("---\n")
    change.write()
    # Until its text is written it blocks no build.
    (tmp_path / "sources.yaml").write_text("{}")
    knowledge = read_knowledge(tmp_path)
    assert [problem.field for problem in knowledge.problems] == ["draft"]
    assert knowledge.problems[0].severity is Severity.NOTE
    with pytest.raises(TeachError, match="there already"):
        draft(tmp_path, "resources", "how-much-lithium-is-there", ["x"])


@given(st.text(string.printable + "литийқ"))
def test_slugs_are_file_names(question: str) -> None:
    """Any question gives a name of a–z, 0–9 and hyphens."""
    assert set(slug_of(question, "gap-1")) <= set(string.ascii_lowercase + string.digits + "-")


@pytest.mark.parametrize("question", ["ring [phone] please", "", "   ", "bad \ufffd"])
def test_redacted_questions_are_not_published(question: str) -> None:
    """A question in which something was redacted cannot be picked."""
    assert not is_fit(question)


async def taught(tmp_path: Path, *options: str, typed: str | None = None) -> tuple[Result, Path]:
    """Run `log teach` on the one gap of a small log; return the result and the knowledge folder."""
    log = open_log(tmp_path)
    await log.record(entry("how much lithium is there", "none"))
    await log.record(entry("ring +7 701 123 45 67 about lithium", "none"))
    await log.close()
    with closing(schema.open_log(tmp_path / "queries.db")) as connection:
        connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
        connection.execute(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
            "SELECT id, 1, 0.9, person, time FROM questions"
        )
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    snippet(knowledge, FORMS["block"] + BODY)
    arguments = ["teach", "1", *options, "--knowledge", str(knowledge), "--data", str(tmp_path)]
    return CliRunner().invoke(log_commands, arguments, input=typed), knowledge


async def test_teach_shows_the_change_and_asks(tmp_path: Path) -> None:
    """The diff comes first; without a yes nothing is written, and what was redacted is not even offered."""
    result, knowledge = await taught(tmp_path, "--snippet", "resources/lithium", "--pick", "all", typed="n\n")
    assert result.exit_code == 0, result.output
    assert "+  - how much lithium is there" in result.output
    assert "[phone]" not in result.output
    assert "Nothing was written." in result.output
    assert (knowledge / "resources" / "lithium.md").read_text() == FORMS["block"] + BODY


async def test_teach_writes_after_a_yes(tmp_path: Path) -> None:
    """With a yes the question is in the file."""
    result, knowledge = await taught(tmp_path, "--snippet", "resources/lithium", "--pick", "1", typed="y\n")
    assert result.exit_code == 0, result.output
    assert questions_in((knowledge / "resources" / "lithium.md").read_text())[-1] == "how much lithium is there"


async def test_teach_out_of_scope_closes_the_gap(tmp_path: Path) -> None:
    """The example is recorded and the gap is not offered any more."""
    result, knowledge = await taught(tmp_path, "--out-of-scope", "--pick", "all", "--yes")
    assert result.exit_code == 0, result.output
    assert "how much lithium is there" in (knowledge / "evaluation.yaml").read_text()
    listed = CliRunner().invoke(log_commands, ["gaps", "--no-update", "--data", str(tmp_path)])
    assert "No gap" in listed.output


async def test_teach_an_evaluation_question(tmp_path: Path) -> None:
    """The diff of evaluation.yaml comes first; after a yes the question is in it, and not in the snippet."""
    result, knowledge = await taught(
        tmp_path, "--snippet", "resources/lithium", "--evaluate", "--pick", "1", typed="y\n"
    )
    assert result.exit_code == 0, result.output
    assert "+++ b/evaluation.yaml" in result.output
    assert (knowledge / "resources" / "lithium.md").read_text() == FORMS["block"] + BODY
    [question] = read_evaluation(knowledge / "evaluation.yaml").questions
    assert (question.text, question.answers) == ("how much lithium is there", ("resources/lithium",))


@pytest.mark.parametrize("into", [("--snippet", "resources/lithium"), ("--out-of-scope",)])
async def test_teach_never_offers_what_people_who_opted_out_asked(tmp_path: Path, into: tuple[str, ...]) -> None:
    """Not even if they opted out after the question had been put into the gap."""
    log = open_log(tmp_path)
    await log.record(entry("how much lithium is there", "none", person=1))
    await log.record(entry("and in Almaty", "none", person=2))
    with closing(schema.open_log(tmp_path / "queries.db")) as connection:
        connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
        connection.execute(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
            "SELECT id, 1, 0.9, person, time FROM questions"
        )
    await log.opt_out(2, True)
    await log.close()
    snippet(tmp_path / "knowledge", FORMS["block"] + BODY)
    arguments = ["teach", "1", *into, "--pick", "all", "--yes", "--knowledge", str(tmp_path / "knowledge")]
    result = CliRunner().invoke(log_commands, [*arguments, "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "how much lithium is there" in result.output
    assert "Almaty" not in result.output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "one of --snippet"),
        (("--new", "resources", "--evaluate"), "--evaluate needs"),
        (("--snippet", "a/b", "--out-of-scope"), "one of --snippet"),
        (("--snippet", "resources/lithium", "--pick", "7"), "those listed"),
        (("--snippet", "resources/lithium"), "--pick"),
    ],
)
async def test_teach_explains_what_is_missing(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    """A wrong use ends with what to say instead."""
    result, _ = await taught(tmp_path, *options)
    assert result.exit_code == 2
    assert reason in result.output


async def test_a_taught_gap_is_answered(small: tuple[Path, Path, BuildResult]) -> None:
    """From a question that got no answer to one that does: only its line is added, and every other question stays."""
    knowledge, data, _ = small
    question, others = "tell me about the spa town deal", ["Who is the trade envoy?", "how much copper is made"]
    index = Index.open(data)
    log = open_log(data)
    assert index.answer(question).decision != "answer"
    before = {other: index.answer(other).hits[0].snippet.id for other in others}
    for person in (1, 2):
        await log.record(Entry(index.answer(question), "private", person=person))
    await log.close()
    index.close()

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(log_commands, [*arguments, "--data", str(data)])
        assert result.exit_code == 0, result.output
        return result

    [gap] = json.loads(run("gaps", "--json").stdout)
    files = {path: path.read_bytes() for path in knowledge.rglob("*.*")}
    options = ["--snippet", "deals/memorandum", "--pick", "all", "--yes", "--build", "--knowledge", str(knowledge)]
    taught = run("teach", str(gap["id"]), *options)
    assert "1 of 1 wordings are answered now." in taught.output
    assert [path.name for path, content in files.items() if path.read_bytes() != content] == ["memorandum.md"]
    changed = [line for line in taught.output.splitlines() if re.match(r"[+-](?![+-])", line)]
    assert changed == [f"+  - {question}"]
    index = Index.open(data)
    assert index.answer(question).hits[0].snippet.id == "deals/memorandum"
    assert {other: index.answer(other).hits[0].snippet.id for other in others} == before
    index.close()
    assert json.loads(run("gaps", "--no-update", "--json").stdout) == []
