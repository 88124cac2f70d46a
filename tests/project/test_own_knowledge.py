"""The project's own knowledge is sound, complete in three languages, and held by its evaluation questions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from index.encoder.query_encoder import TOKENIZER_FILE, EncoderCard
from index.evaluation.evaluation_set import read_evaluation
from index.knowledge.files import EVALUATION_FILE
from index.knowledge.lint import lint
from index.knowledge.reader import Knowledge, read_knowledge

FOLDER = Path(__file__).parents[2] / "knowledge"
LANGUAGES = {"en", "ru", "kk"}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    """The folder as read."""
    return read_knowledge(FOLDER)


def test_nothing_is_wrong_with_the_knowledge(knowledge: Knowledge, encoder_cache: Path) -> None:
    """Every check passes, lengths counted by the encoder itself, numbers and names of translations compared."""
    (folder,) = encoder_cache.iterdir()
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_truncation()
    limit = EncoderCard.read(folder).max_tokens
    found = [*knowledge.problems, *lint(knowledge, lambda text: len(tokenizer.encode(text).ids), limit)]
    assert [str(problem) for problem in found] == []


def test_every_snippet_exists_in_three_languages(knowledge: Knowledge) -> None:
    """Title, text, questions that it answers and questions that it does not are there in each language."""
    spoken: dict[str, set[str]] = {}
    for snippet in knowledge.snippets:
        assert snippet.sentences, snippet.id
        assert 8 <= len(snippet.questions) <= 15, snippet.id
        assert 9 <= len(snippet.does_not_answer) <= 10, snippet.id
        spoken.setdefault(snippet.id, set()).add(snippet.language)
    assert {name for name, languages in spoken.items() if languages != LANGUAGES} == set()


def test_every_snippet_says_where_it_is_from(knowledge: Knowledge) -> None:
    """Each English snippet has a source with an address, and a date."""
    for snippet in knowledge.snippets:
        if snippet.language == "en":
            assert any(source.url for source in snippet.sources), snippet.id
            assert snippet.as_of, snippet.id


def test_snippets_are_short(knowledge: Knowledge) -> None:
    """One to four sentences in English."""
    long = {s.id: len(s.sentences) for s in knowledge.snippets if s.language == "en" and not 1 <= len(s.sentences) <= 4}
    assert long == {}


def test_topics_are_named_in_three_languages(knowledge: Knowledge) -> None:
    """Eight to twelve topics, each with snippets, title and description."""
    assert 8 <= len(knowledge.topics) <= 12
    for topic in knowledge.topics:
        assert set(topic.title) == set(topic.description) == LANGUAGES, topic.id


def test_every_source_is_used_and_described(knowledge: Knowledge) -> None:
    """The register holds nothing that no snippet relies on."""
    used = {source.id for snippet in knowledge.snippets for source in snippet.sources}
    assert {source.id for source in knowledge.sources} == used


def test_no_snippet_of_one_language_is_written_in_another(knowledge: Knowledge) -> None:
    """Texts are recognised as what their file name says."""
    from index.text.language import detect_language

    assert [s.id for s in knowledge.snippets if detect_language(s.text) != s.language] == []


def test_every_answer_of_the_evaluation_exists(knowledge: Knowledge) -> None:
    """At least 120 questions, 40 of them without an answer, none asked twice."""
    evaluation = read_evaluation(FOLDER / EVALUATION_FILE)
    ids = {snippet.id for snippet in knowledge.snippets}
    assert {answer for question in evaluation.questions for answer in question.answers} - ids == set()
    assert len(evaluation.questions) >= 120
    assert sum(not question.answerable for question in evaluation.questions) >= 40
    asked = Counter((question.text.casefold(), question.language) for question in evaluation.questions)
    assert [question for question, times in asked.items() if times > 1] == []
