"""Questions are answered by exact quotes, best first, and nothing anybody types makes an answer fail."""

from __future__ import annotations

import dataclasses
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from index.knowledge.yaml_lines import split_front_matter
from index.search.answer import Answer, Hit
from index.search.decision import Decision
from index.search.index import Index
from index.search.scoring import FAISS_FILE
from index.version.versions import index_folder

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
QUESTIONS = (
    "Who is the UK trade envoy?",
    "when was the 2024 roadmap signed",
    "uranuim producton",
    "кто торговый посланник",
    "Кардифф университеті Астанада қашан ашылды",
    "what is the weather in Paris",
    "Cardiff",
    "how many tonnes of mining waste",
)
# Every code point, lone surrogates, control characters and marks included.
ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


def well_formed(answer: Answer) -> None:
    """Assert what holds of every answer."""
    assert isinstance(answer.decision, Decision)
    assert 0 <= answer.confidence <= 1
    assert len(answer.hits) >= 5
    # A snippet about a bare subject may lead for its name or its newer date.
    scores = [hit.score for hit in answer.hits[1:]]
    assert scores == sorted(scores, reverse=True)
    assert all(math.isfinite(score) for score in scores)
    assert len({hit.snippet.id for hit in answer.hits}) == len(answer.hits)
    for hit in answer.hits:
        assert hit.highlight in hit.snippet.sentences
        assert hit.question is None or hit.question in hit.snippet.questions
    json.dumps(answer.as_json(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("question", "snippet_id"),
    [
        ("Who is the UK trade envoy?", "people/john-alderdice"),
        ("who is teh trade envoi", "people/john-alderdice"),
        ("кто торговый посланник Великобритании", "people/john-alderdice"),
        ("Ұлыбританияның сауда өкілі кім", "people/john-alderdice"),
        ("when did Cardiff open its campus in Astana", "education/cardiff-astana-campus"),
    ],
)
def test_the_right_snippet_comes_first(real_index: Index, question: str, snippet_id: str) -> None:
    """In any of the languages, and with typing errors."""
    answer = real_index.answer(question)
    well_formed(answer)
    assert answer.hits[0].snippet.id == snippet_id
    assert answer.hits[0].snippet.language == answer.language


@pytest.mark.parametrize(
    ("typed", "snippet_id"),
    [
        ("21,227", "resources/uranium-output-and-share"),
        ("21227", "resources/uranium-output-and-share"),
        ("55bn", "recycling/mining-waste-55-billion-tonnes"),
        ("EBRD", "business/sarytogan-graphite"),
        ("B.G.S.", "geology/bgs-cooperation"),
        ("CMIC", "uk-minerals/critical-minerals-intelligence-centre"),
        ("TITR", "energy-transport/trans-caspian-uk-interest"),
        ("DLE", "partnership/uk-research-strengths"),
    ],
)
def test_a_name_a_number_or_an_acronym_alone_is_found(real_index: Index, typed: str, snippet_id: str) -> None:
    """However it is written, and where the snippet has another word for it; the snippet is shown."""
    answer = real_index.answer(typed)
    assert answer.hits[0].snippet.id == snippet_id
    assert answer.decision is not Decision.NONE


def test_a_score_is_the_sum_of_its_parts(real_index: Index) -> None:
    """Each with its weight, in a language that the encoder reads and in one that it does not."""
    for question in ("Who is the UK trade envoy?", "кто подписал дорожную карту 2024"):
        for hit in real_index.answer(question).hits[:3]:
            assert all(math.isfinite(part) for part in hit.score_parts.values())
            assert sum(hit.score_parts[name] * hit.weights[name] for name in hit.weights) == pytest.approx(
                hit.score, abs=1e-4
            )


def test_snippets_come_in_the_language_that_the_caller_names(real_index: Index) -> None:
    """Where a snippet exists in it, whatever language the question is in; an unknown one changes nothing else."""
    for language in ("en", "ru", "kk"):
        hits = real_index.answer("Who is the UK trade envoy?", language).hits
        assert {hit.snippet.language for hit in hits} == {language}
    assert real_index.answer("Who is the UK trade envoy?", "fr").hits[0].snippet.id == "people/john-alderdice"


def test_a_text_has_cosine_one_with_itself(real_index: Index) -> None:
    """The quantised query encoder and the original agree on snippet, sentence and example question."""
    for snippet_id in ("people/john-alderdice", "deals/none", "education/cardiff-astana-campus"):
        snippet = real_index.snippet(snippet_id, "en")
        if snippet is None:
            continue
        start, end = snippet.sentences[0]
        for name, text in (
            ("passage", f"{snippet.title}. {snippet.text}"),
            ("sentence", snippet.text[start:end]),
        ):
            query = real_index.query(text, "en")
            ranking = real_index.find(query, "en").ranking
            assert real_index.snippets.translation(int(ranking.translations[0])) == snippet
            assert ranking.features.of(int(ranking.positions[0]))[name] == pytest.approx(1, abs=0.03)
    assert real_index.answer(snippet_question(real_index)).hits[0].score > 0.8


def snippet_question(index: Index) -> str:
    snippet = index.snippet("people/john-alderdice", "en")
    assert snippet is not None
    return snippet.questions[0]


def test_vectors_are_of_length_one(real_data: Path, real_index: Index) -> None:
    """Stored fields, and questions however often their text is repeated, so that inner products are cosines."""
    folder = index_folder(real_data) / real_index.version
    fields = np.load(folder / "vectors.npy").astype(np.float32) * np.load(folder / "scales.npy")[:, None]
    np.testing.assert_allclose(np.linalg.norm(fields, axis=1), 1, atol=0.02)
    for question in QUESTIONS:
        assert np.linalg.norm(real_index.answer(question).vector) == pytest.approx(1, abs=1e-3)


def test_faiss_orders_as_brute_force_does(real_data: Path, real_index: Index) -> None:
    """The nearest fields are those with the largest inner products, computed in numpy over all of them."""
    folder = index_folder(real_data) / real_index.version
    scales = np.load(folder / "scales.npy")[:, None]
    fields = (np.load(folder / "vectors.npy").astype(np.float32) * scales)[np.load(folder / "dense-fields.npy")]
    vectors = faiss.read_index(str(folder / FAISS_FILE))
    assert vectors.ntotal == len(fields)
    for question in QUESTIONS:
        asked = real_index.answer(question).vector
        values, found = vectors.search(asked[None], 20)
        exact = fields @ asked
        np.testing.assert_allclose(values[0], exact[found[0]], atol=2e-3)
        np.testing.assert_allclose(values[0], np.sort(exact)[::-1][:20], atol=2e-3)


def test_quotes_are_the_curated_text_byte_for_byte(real_index: Index) -> None:
    """What is shown stands in the file, and the highlight is one of its sentences."""
    seen = 0
    for question in QUESTIONS:
        for hit in real_index.answer(question).hits:
            snippet = hit.snippet
            suffix = "" if snippet.language == "en" else f".{snippet.language}"
            raw = (KNOWLEDGE / f"{snippet.id}{suffix}.md").read_bytes()
            parts = split_front_matter(raw.decode())
            assert parts is not None
            assert snippet.text.encode() == parts.body.encode()
            start, end = hit.highlight
            assert snippet.text[start:end].encode() in raw
            seen += 1
    assert seen >= 5 * len(QUESTIONS)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("was it 21,227 tonnes of uranium", 0),
        ("was it 21 228 tonnes of uranium", 1),
        ("21 227 or 99 tonnes of uranium", 0.5),
    ],
)
def test_numbers_that_the_best_snippet_does_not_hold_count_as_missing(
    real_index: Index, question: str, missing: float
) -> None:
    """A number has one value however it is written, and another number is another."""
    found = real_index.find(real_index.query(question, "en"), "en")
    assert real_index.evidence(found).missing_numbers == missing


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\t", "🙂", "🇰🇿🇬🇧", "?!…", "---", "\u200b", "\ufeff", "\ud800", "\x00", "—" * 5000, "\u0301"],
)
def test_text_without_letters_or_digits_gets_none(real_index: Index, text: str) -> None:
    """There is nothing to answer, and the confidence says so."""
    answer = real_index.answer(text)
    well_formed(answer)
    assert (answer.decision, answer.confidence) == (Decision.NONE, 0.0)


@pytest.mark.parametrize(
    "text", ["what is the weather in Paris", "asdfgh", "hello", "tell me a joke", "привет", "сәлем"]
)
def test_what_the_knowledge_does_not_hold_gets_none(real_index: Index, text: str) -> None:
    """Small talk, nonsense and other subjects are not answered."""
    assert real_index.answer(text).decision is Decision.NONE


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_TEXT, st.sampled_from([None, "en", "ru", "kk", "xx", ""]))
@example("\ud83d trade envoy \udc00", None)
@example("'; DROP TABLE snippets; --", None)
@example("<b>uranium</b> & {x} %s \\", None)
@example("\u202euranium\u202d", None)
@example("١٢٣", None)
@example("ﷺ" * 50, None)
def test_any_text_is_answered(real_index: Index, text: str, language: str | None) -> None:
    """No text in any language raises, and text without letters or digits is never answered."""
    answer = real_index.answer(text, language)
    well_formed(answer)
    if not any(character.isalnum() for character in text):
        assert answer.decision is Decision.NONE


@pytest.mark.parametrize("text", ["who is the trade envoy? " * 4200, "x" * 100_000, "🙂" * 100_000, "1" * 100_000])
def test_long_text_is_answered_from_its_beginning(real_index: Index, text: str) -> None:
    """A hundred thousand characters are cut, and the answer says that they were."""
    answer = real_index.answer(text)
    well_formed(answer)
    assert answer.truncated
    assert len(answer.question) <= 4096


def test_a_question_that_is_read_whole_is_not_called_cut(real_index: Index) -> None:
    """Ordinary questions are not."""
    assert [real_index.answer(question).truncated for question in QUESTIONS] == [False] * len(QUESTIONS)


def test_threads_get_the_same_answers(real_index: Index) -> None:
    """Eight threads asking at once get what one gets."""

    def ask(question: str) -> tuple[object, ...]:
        answer = real_index.answer(question)
        hits = [(hit.snippet.id, hit.score, hit.highlight, hit.question) for hit in answer.hits]
        return answer.language, answer.decision, answer.confidence, hits

    alone = [ask(question) for question in QUESTIONS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, QUESTIONS * 16))
    assert together == alone * 16


def test_an_answer_does_not_depend_on_what_was_asked_before(real_index: Index) -> None:
    """The same question gives the same answer each time."""
    first = real_index.answer(QUESTIONS[0]).as_json()
    for question in QUESTIONS:
        real_index.answer(question)
    assert {**real_index.answer(QUESTIONS[0]).as_json(), "ms": 0} == {**first, "ms": 0}


def test_more_hits_can_be_asked_for(real_index: Index) -> None:
    """At least five come, whatever is asked for."""
    assert len(real_index.answer("uranium", limit=1).hits) == 5
    assert 5 <= len(real_index.answer("uranium", limit=8).hits) <= 8


def test_answers_cannot_be_changed(real_index: Index) -> None:
    """Answer, hit and snippet are frozen."""
    answer = real_index.answer("uranium")
    for value, name in ((answer, "question"), (answer.hits[0], "score"), (answer.hits[0].snippet, "text")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, "x")
    assert isinstance(answer.hits[0], Hit)


def test_the_json_of_an_answer_keeps_its_contract(real_index: Index) -> None:
    """Exactly the promised keys and kinds, which other programs read."""
    fields = json.loads(json.dumps(real_index.answer("Who is the UK trade envoy?").as_json()))
    assert list(fields) == ["question", "language", "decision", "confidence", "hits", "index_version", "ms"]
    assert fields["decision"] in {"answer", "closest", "none"}
    assert isinstance(fields["ms"], float)
    hit = fields["hits"][0]
    promised = {"id", "score", "title", "text", "highlight", "speaker", "as_of", "sources"}
    assert promised <= set(hit) <= promised | {"language"}
    assert hit["highlight"] in hit["text"]
    assert all(set(source) == {"id", "publisher", "title", "date", "url"} for source in hit["sources"])
    assert hit["speaker"] is None or isinstance(hit["speaker"], str)


def test_snippets_are_found_by_id_key_and_topic(real_index: Index) -> None:
    """The ways a bot looks things up agree with each other, and unknown names give nothing."""
    ids = list(real_index.snippets)
    assert len(ids) == len(set(ids)) == len(real_index.snippets)
    for snippet_id in ids:
        snippet = real_index.snippet(snippet_id, "ru")
        assert snippet is not None
        assert real_index.by_key(snippet.key, "ru") == snippet
        assert snippet in real_index.in_topic(snippet.topic, "ru")
    assert sum(len(real_index.in_topic(topic.id)) for topic in real_index.topics) == len(ids)
    assert real_index.snippet("no/such") is None
    assert real_index.by_key("AAAAAAAAAAA") is None
    assert real_index.in_topic("no-such") == ()


def test_the_matched_words_are_in_the_snippet(real_index: Index) -> None:
    """Inflected words count, others do not."""
    snippet = real_index.snippet("people/john-alderdice", "en")
    assert snippet is not None
    assert real_index.matched("the envoys to volcanoes", "en", snippet)[1:] == ["envoys", "to"]


@pytest.mark.parametrize(
    ("typed", "language", "snippet"),
    [
        ("rnj gjlgbcfk ljhj;ye. rfhne 2024 ujlf", "ru", "agreements/roadmap-2024-signatories"),
        ("kto podpisal dorozhnuyu kartu 2024", "ru", "agreements/roadmap-2024-signatories"),
        ("2024 jyly jol kartasyna kim qol qoidy", "kk", "agreements/roadmap-2024-signatories"),
        ("Uran öndirisi qansha boldy", "kk", "resources/uranium-output-and-share"),
        ("црщ шы еру икшешыр фьифыыфвщк", "en", "people/sally-axworthy"),
    ],
)
def test_a_question_in_other_letters_is_read_as_it_was_meant(
    real_index: Index, typed: str, language: str, snippet: str
) -> None:
    """A wrong keyboard layout or Latin letters change neither the language nor the snippet."""
    answer = real_index.answer(typed)
    assert answer.question == typed
    assert answer.language == language
    assert answer.hits[0].snippet.id == snippet
    assert answer.hits[0].snippet.language == language


@pytest.mark.parametrize("typed", ["recommend a pasta recipe", "qwerty asdfgh", "lithium", "Иран Шархан"])
def test_what_no_other_letters_explain_is_left_as_it_is(real_index: Index, typed: str) -> None:
    """Unknown words alone do not make the bot assume another alphabet."""
    assert real_index.answer(typed).language == real_index.detect(typed)


@pytest.mark.parametrize(
    ("typed", "meant", "snippet"),
    [
        ("john aldredice trade envoi", "john Alderdice trade envoy", "people/john-alderdice"),
        ("sally axworty", "sally Axworthy", "people/sally-axworthy"),
        (
            "кто падписал дорожную карту 2024",
            "кто подписал дорожную карту 2024?",
            "agreements/roadmap-2024-signatories",
        ),
    ],
)
def test_a_mistyped_question_is_read_as_it_was_meant(real_index: Index, typed: str, meant: str, snippet: str) -> None:
    """Typos change neither the snippet nor the confidence in it."""
    answer = real_index.answer(typed)
    assert answer.question == typed
    assert answer.read_as.casefold() == meant.casefold()
    assert answer.hits[0].snippet.id == snippet
    assert answer.confidence == real_index.answer(meant, answer.language).confidence


def test_words_that_people_write_are_not_corrected(real_index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word in the encoder's vocabulary is meant as it is, however near a word of the snippets found is."""
    typed = "uranium shade of the world"
    assert real_index.answer(typed).read_as == typed
    monkeypatch.setattr(real_index.encoder, "knows", lambda word: False)
    assert real_index.answer(typed).read_as == "uranium share of the world"


@pytest.mark.parametrize(
    ("word", "known"),
    [("stuff", True), ("Stuff", True), ("sesion", False), ("қазақстан", False), ("สวัสดี", False), ("", False)],
)
def test_the_encoder_knows_the_words_of_its_vocabulary(real_index: Index, word: str, known: bool) -> None:
    """A word with letters that the vocabulary lacks is not in it."""
    assert real_index.encoder.knows(word) == known


def test_numpy_works_with_one_thread(real_index: Index) -> None:
    """Further BLAS threads would keep spinning and slow the encoder down."""
    assert real_index.answer("copper").hits
    threads = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
    assert threads <= {1}


def test_each_question_of_a_message_is_answered_in_its_own_language(real_index: Index) -> None:
    """List numbers are no part of a question; no more than three are answered."""
    typed = (
        "1. Who is Kathy Leach? 2. Кто подписал дорожную карту 2024 года? 3. what is BGS 4. what are critical minerals"
    )
    reply = real_index.reply(typed)
    assert [answer.question for answer in reply.answers] == [
        "Who is Kathy Leach?",
        "Кто подписал дорожную карту 2024 года?",
        "what is BGS",
    ]
    assert [answer.language for answer in reply.answers] == ["en", "ru", "en"]
    assert reply.left_out == ("what are critical minerals",)
    assert reply.as_json()["question"] == typed
    assert len(reply.as_json()["answers"]) == 3


def test_one_question_is_printed_as_before(real_index: Index) -> None:
    """A list comes only with several."""
    asked = "Who signed the roadmap of 2024 and when?"
    fields, alone = real_index.reply(asked).as_json(), real_index.answer(asked).as_json()
    assert {**fields, "ms": 0} == {**alone, "ms": 0}


@pytest.mark.parametrize(
    ("framed", "bare"),
    [
        (
            "Hello! Could you please tell me who signed the roadmap in 2024? Many thanks!",
            "who signed the roadmap in 2024",
        ),
        ("Здравствуйте, подскажите, пожалуйста, кто подписал дорожную карту 2024?", "кто подписал дорожную карту 2024"),
        ("Сәлеметсіз бе, 2024 жылғы жол картасына кім қол қойды? Рақмет!", "2024 жылғы жол картасына кім қол қойды"),
    ],
)
def test_words_around_a_question_change_nothing(real_index: Index, framed: str, bare: str) -> None:
    """The answer keeps what was typed and what was understood."""
    polite, plain = real_index.answer(framed), real_index.answer(bare)
    assert polite.question == framed
    assert polite.understood.rstrip("?").casefold() == bare.casefold()
    assert polite.hits[0].snippet == plain.hits[0].snippet
    assert polite.confidence == pytest.approx(plain.confidence, abs=0.02)


def test_a_question_that_states_what_the_snippet_contradicts_is_no_answer(real_index: Index) -> None:
    """The answer says what differs."""
    right = real_index.answer("When was the critical minerals memorandum signed in Astana in 2023?")
    wrong = real_index.answer("When was the critical minerals memorandum signed in Astana in 2017?")
    assert not right.differences
    assert wrong.decision is not Decision.ANSWER
    assert [difference.asked for difference in wrong.differences] == ["2017"]


@pytest.mark.parametrize("typed", ["Что подписали 18.03.2023?", "Что подписали 18 марта 2023 года?"])
def test_a_date_in_digits_finds_what_the_date_in_words_finds(real_index: Index, typed: str) -> None:
    """Passages write dates in words."""
    assert real_index.answer(typed).hits[0].snippet.id == "agreements/memorandum-2023"
