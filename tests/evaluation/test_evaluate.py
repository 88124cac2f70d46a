"""Questions with known answers: reading them, what is wrong with them, what is measured, how it is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli import cli
from index.evaluation.evaluation_set import Bound, Question, check_evaluation, read_evaluation
from index.evaluation.evaluator import Fault, evaluate, measure
from index.evaluation.retrieval_metrics import auroc, calibration_error, coverage_curve
from index.knowledge.lint import lint
from index.knowledge.reader import read_knowledge
from index.knowledge.snippet import Snippet
from index.search.index import Index

CONFIDENCES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=1, max_size=30)
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of questions and return where it is."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def some_questions(real_index: Index) -> tuple[Question, ...]:
    """Two questions the knowledge answers in its own words, and two nothing answers."""
    known = [snippet for snippet in _english(real_index) if snippet.questions][:2]
    return (
        *(Question(snippet.questions[0], (snippet.id,), "en", "asked") for snippet in known),
        Question("how do i cook rice", (), "en", "off-topic"),
        Question("qwrtp zxcvb", (), "en", "nonsense"),
    )


def _english(index: Index) -> list[Snippet]:
    found = [index.snippet(snippet_id, "en") for snippet_id in index.snippets]
    return [snippet for snippet in found if snippet and len(snippet.sentences) > 1]


def _yaml(questions: tuple[Question, ...], floor: str = "") -> str:
    entries = [
        {"question": q.text, "answers": list(q.answers), "language": q.language, "kind": q.kind} for q in questions
    ]
    return f"{floor}questions: {json.dumps(entries, ensure_ascii=False)}\n"


@given(CONFIDENCES, CONFIDENCES)
def test_auroc_counts_the_pairs_in_the_right_order(positives: list[float], negatives: list[float]) -> None:
    """The rank formula gives the share of pairs in which the positive is higher, ties counting half."""
    pairs = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    assert auroc(np.array(positives), np.array(negatives)) == pytest.approx(sum(pairs) / len(pairs))


def test_auroc_needs_both_sides() -> None:
    """Without unanswerable questions there is nothing to tell apart."""
    assert auroc(np.array([0.5]), np.array([])) is None


def test_calibration_error_is_the_distance_from_what_was_promised() -> None:
    """Nine right of ten at 0.9 is perfect; none right at 0.9 is off by 0.9."""
    confidence = np.full(10, 0.9)
    assert calibration_error(confidence, np.array([1.0] * 9 + [0.0])) == pytest.approx(0)
    assert calibration_error(confidence, np.zeros(10)) == pytest.approx(0.9)


@given(CONFIDENCES)
def test_coverage_ends_where_everything_is_answered(confidence: list[float]) -> None:
    """Coverage rises to one, where precision is the share of all that is right."""
    right = np.array([number % 2 for number in range(len(confidence))], np.float64)
    coverage, precision = coverage_curve(np.array(confidence), right)
    assert coverage[-1] == 1
    assert precision[-1] == pytest.approx(right.mean())


def test_yaml_and_json_lines_say_the_same(write: Write) -> None:
    """The two formats read alike, a missing passage being a question without answers."""
    lines = write(
        "q.jsonl", '{"question": "a b", "passage": "t/x", "answer": "seen"}\n\n{"question": "c", "passage": null}\n'
    )
    text = write("q.yaml", "- {question: a b, answers: [t/x], highlight: seen}\n- {question: c, answers: []}\n")
    one, other = read_evaluation(lines), read_evaluation(text)
    assert [replace(q, line=1) for q in one.questions] == [replace(q, line=1) for q in other.questions]
    assert one.questions[0].answers == ("t/x",)
    assert one.questions[0].highlight == "seen"
    assert not one.questions[1].answerable
    assert not one.problems and not other.problems


def test_broken_entries_are_named_by_line_and_left_out(write: Write) -> None:
    """Each broken entry is one problem on its own line; the sound ones are read."""
    path = write(
        "evaluation.yaml",
        "questions:\n  - question: fine\n    answers: []\n  - answers: []\n  - question: no answers\n"
        "  - question: odd\n    answers: [[a]]\n  - question: where\n    answers: []\n    language: English\n"
        "  - question: sort\n    answers: []\n    kind: strange\n",
    )
    found = read_evaluation(path)
    assert [question.text for question in found.questions] == ["fine", "where", "sort"]
    assert [str(problem).split(": ")[:2] for problem in found.problems] == [
        ["evaluation.yaml:4", "question"],
        ["evaluation.yaml:5", "answers"],
        ["evaluation.yaml:7", "answers"],
        ["evaluation.yaml:10", "language"],
        ["evaluation.yaml:13", "kind"],
    ]


def test_the_floor_is_read_for_all_and_for_languages(write: Write) -> None:
    """A floor holds numbers between 0 and 1 for metrics that exist; anything else is a problem."""
    path = write(
        "evaluation.yaml",
        "floor:\n  recall_at_1: 0.8\n  ru: {mrr: 0.5}\n  recal: 0.9\n  recall_at_3: 95\nquestions: []\n",
    )
    found = read_evaluation(path)
    assert found.floor == (Bound("recall_at_1", 0.8), Bound("mrr", 0.5, "ru"))
    assert [problem.line for problem in found.problems] == [4, 5]


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=200)
    | st.sampled_from(["{", "[", "questions: {a: b}", "floor: [1]", "questions: x", '{"a": '])
)
def test_no_text_breaks_the_reader(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a file holds, reading it ends in questions and problems."""
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.yaml", "any.jsonl"):
        path = folder / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        assert isinstance(read_evaluation(path).questions, tuple)


def test_check_names_questions_that_prove_nothing(make_knowledge: Callable[..., Path]) -> None:
    """A question of the snippets themselves, a repetition and an unknown snippet are flaws of the file, by line."""
    folder = make_knowledge()
    (folder / "evaluation.yaml").write_text(
        "questions:\n"
        "  - {question: 'How much COPPER is made?', answers: [metals/copper]}\n"
        "  - {question: copper tonnage, answers: [metals/cooper]}\n"
        "  - {question: Copper tonnage!, answers: [metals/copper]}\n"
        "  - {question: copper price, answers: [metals/copper], kind: near-miss}\n"
    )
    knowledge = read_knowledge(folder)
    found = [str(problem) for problem in check_evaluation(read_evaluation(folder / "evaluation.yaml"), knowledge)]
    assert [line.split(": ")[:2] for line in sorted(found)] == [
        ["evaluation.yaml:2", "question"],
        ["evaluation.yaml:3", "answers"],
        ["evaluation.yaml:4", "question"],
        ["evaluation.yaml:5", "kind"],
    ]
    assert {str(problem) for problem in lint(knowledge, None, 0)} >= set(found)


def test_check_names_synonyms_that_overlap(make_knowledge: Callable[..., Path]) -> None:
    """A term in two groups, in whatever inflection, a group of one and anything but text are reported by line."""
    folder = make_knowledge()
    (folder / "synonyms.yaml").write_text(
        "- [mine, pit]\n- [UK, Britain]\n- [mines, quarry]\n- [REE]\n- [{a: b}, x]\n- word\n"
    )
    problems = [problem for problem in lint(read_knowledge(folder), None, 0) if problem.file == "synonyms.yaml"]
    assert [(problem.line, problem.field) for problem in problems] == [
        (3, "term"),
        (4, "group"),
        (5, "term"),
        (6, "group"),
    ]
    assert "'mine' in the group on line 1" in problems[0].reason


def test_outcomes_say_what_was_wrong(real_index: Index, some_questions: tuple[Question, ...]) -> None:
    """A right first passage has rank one; the same question with another answer is a fault; nonsense gets no answer."""
    asked = some_questions[0]
    elsewhere = replace(asked, answers=(some_questions[1].answers[0],))
    right, wrong, stray = evaluate(real_index, [asked, elsewhere, some_questions[3]]).outcomes
    assert right.rank == 1
    assert right.fault in (None, Fault.WITHHELD)
    assert wrong.rank != 1
    assert wrong.fault in (Fault.WRONG_ANSWER, Fault.MISSED)
    assert stray.fault is not Fault.FALSE_ANSWER
    metrics = measure([right, wrong, stray])
    assert (metrics.questions, metrics.answerable, metrics.recall_at_1) == (3, 2, 0.5)
    assert metrics.false_answers_near_miss is None


def test_questions_of_snippets_that_are_gone_are_set_aside(
    real_index: Index, some_questions: tuple[Question, ...]
) -> None:
    """A question all of whose snippets are unknown is not asked and not counted."""
    gone = Question("where did it go", ("no/such-snippet",))
    evaluation = evaluate(real_index, [gone, some_questions[0]])
    assert evaluation.stale == (gone,)
    assert evaluation.overall.questions == 1


def test_the_highlighted_sentence_is_judged_by_what_it_holds(real_index: Index) -> None:
    """The sentence highlighted for a question is right for its own words and wrong for those of another sentence."""
    snippet = next(snippet for snippet in _english(real_index) if snippet.questions)
    question = Question(snippet.questions[0], (snippet.id,))
    best = evaluate(real_index, [question]).outcomes[0].answer.hits[0]
    assert best.snippet.id == snippet.id
    sentences = {snippet.text[start:end].strip(): (start, end) == best.highlight for start, end in snippet.sentences}
    for sentence, chosen in sentences.items():
        outcome = evaluate(real_index, [replace(question, highlight=sentence.upper())]).outcomes[0]
        assert outcome.highlighted is chosen


def test_what_the_manifest_keeps_holds_no_question(real_index: Index, some_questions: tuple[Question, ...]) -> None:
    """The summary names questions by their keys alone."""
    kept = evaluate(real_index, some_questions).summary().model_dump_json()
    assert not any(question.text in kept for question in some_questions)
    assert all(question.key in kept for question in some_questions)


def test_evaluate_prints_tables_floor_and_failures(
    real_data: Path, real_index: Index, some_questions: tuple[Question, ...], write: Write
) -> None:
    """A person sees the measures, what is below the floor, and what was returned with its score parts."""
    lost = Question("how do i cook rice with beans", some_questions[0].answers, "en", "paraphrase")
    path = write("q.yaml", _yaml((*some_questions, lost), "floor: {recall_at_1: 1.0}\n"))
    result = CliRunner().invoke(cli, ["evaluate", "--questions", str(path), "--data", str(real_data)])
    assert result.exit_code == 0, result.output
    assert "recall@1" in result.output
    assert "recall_at_1 0.667: the floor is at least 1" in result.output
    shown = result.output.split("Missed (1)")[1]
    assert lost.text in shown
    assert "sentence_stems" in shown
    assert some_questions[0].answers[0] in shown


def test_evaluate_json_holds_every_result(real_data: Path, some_questions: tuple[Question, ...], write: Write) -> None:
    """A program gets metrics in all, by language and kind, and each question's result, in order."""
    path = write("q.yaml", _yaml(some_questions))
    result = CliRunner().invoke(cli, ["evaluate", "--questions", str(path), "--data", str(real_data), "--json"])
    fields = json.loads(result.stdout)
    assert fields["metrics"]["questions"] == 4
    assert set(fields["kinds"]) == {"asked", "off-topic", "nonsense"}
    assert [each["question"] for each in fields["results"]] == [question.text for question in some_questions]
    assert fields["results"][0]["hits"][0]["parts"]


def test_compare_shows_what_changed(real_data: Path, some_questions: tuple[Question, ...], write: Write) -> None:
    """A version compared with itself has not changed; one that does not exist is refused, naming those there are."""
    version = (real_data / "index" / "current").read_text().strip()
    path = write("q.yaml", _yaml(some_questions))
    asked = ["evaluate", "--questions", str(path), "--data", str(real_data), "--compare"]
    result = CliRunner().invoke(cli, [*asked, version])
    assert "0 questions have another first passage or decision" in result.output
    result = CliRunner().invoke(cli, [*asked, "19990101"])
    assert result.exit_code == 1
    assert version in result.output


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_plot_writes_a_drawing(
    real_data: Path, some_questions: tuple[Question, ...], write: Write, tmp_path: Path, suffix: str
) -> None:
    """``--plot`` writes a file of the kind its name says."""
    pytest.importorskip("matplotlib")
    path, drawing = write("q.yaml", _yaml(some_questions)), tmp_path / f"curves.{suffix}"
    asked = ["evaluate", "--questions", str(path), "--data", str(real_data), "--plot", str(drawing)]
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 0, result.output
    assert (b"<svg" if suffix == "svg" else b"PNG") in drawing.read_bytes()[:2000]


def test_plot_without_its_packages_names_the_extra(
    real_data: Path, some_questions: tuple[Question, ...], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the drawing library the error says what to install, and another ending of the file what to write."""
    path = write("q.yaml", _yaml(some_questions))
    asked = ["evaluate", "--questions", str(path), "--data", str(real_data), "--plot"]
    result = CliRunner().invoke(cli, [*asked, str(path.with_suffix(".pdf"))])
    assert result.exit_code == 1
    assert ".svg or .png" in result.output
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = CliRunner().invoke(cli, [*asked, str(path.with_suffix(".svg"))])
    assert result.exit_code == 1
    assert "partnership-bot[review]" in result.output


def test_evaluate_without_questions_says_so(real_data: Path, write: Write) -> None:
    """No file, and a file without questions, are errors that name the file."""
    empty = write("empty.yaml", "questions: []\n")
    for path in (empty, empty.with_name("none.yaml")):
        result = CliRunner().invoke(cli, ["evaluate", "--questions", str(path), "--data", str(real_data)])
        assert result.exit_code == 1
        assert path.name in result.output
        assert "Traceback" not in result.output


def test_the_language_is_recognised_and_not_told(real_index: Index) -> None:
    """The stated language sorts the results; the index gets the bare question, as from a person."""
    outcome = evaluate(real_index, [Question("кто посол", (), "kk", "near-miss")]).outcomes[0]
    assert outcome.language == "kk"
    assert outcome.answer.language == "ru"
