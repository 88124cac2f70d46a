"""Unanswered questions become gaps that keep their numbers and states, and can be asked again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database import transaction
from bot.querylog.erasure import forget
from bot.review.gap_store import NoSuchGapError, State, find, mark, ranked, update
from bot.review.grouping import DTYPE, Bounds, Cluster, Likenesses, Signature, group, total
from bot.review.replay import logged, replay, summary
from tests.support.gap_log import EVERY, Meanings, ask, opened, regroup
from tests.support.log_answers import answer_to, entry, open_log


async def test_questions_of_one_meaning_are_one_gap(tmp_path: Path) -> None:
    """Wordings near each other share a gap, the one of most people comes first, and each knows its nearest snippets."""
    await ask(
        tmp_path,
        ("visa: do I need one?", 1),
        ("price: how much?", 1),
        ("price: what does it cost", 2),
        ("price: HOW MUCH", 3),
    )
    with opened(tmp_path) as connection:
        assert regroup(connection) == 4
        first, second = ranked(connection)
    assert (first.people, first.questions, len(first.asked)) == (3, 3, 2)
    assert second.asked[0].text == "visa: do I need one?"
    assert first.nearest[0] == ("resources/lithium", 0.9)


async def test_stored_vectors_are_used(tmp_path: Path) -> None:
    """Nothing that the same encoder has embedded already is embedded again; what another made, is."""
    await ask(tmp_path, ("price: how much?", 1))
    await ask(tmp_path, ("price: what does it cost", 2), version="of-another-encoder")
    meanings = Meanings()
    with opened(tmp_path) as connection:
        regroup(connection, meanings)
        assert len(ranked(connection)) == 1
    assert meanings.embedded == ["price: what does it cost"]


async def test_gaps_keep_number_and_state(tmp_path: Path) -> None:
    """New questions join their gap; one that will not be covered stays so, an answered one opens again."""
    await ask(tmp_path, ("price: how much?", 1), ("visa: do I need one?", 1))
    with opened(tmp_path) as connection:
        regroup(connection)
        price, visa = sorted(ranked(connection), key=lambda gap: gap.asked[0].text)
        mark(connection, price.id, State.ANSWERED)
        mark(connection, visa.id, State.WILL_NOT_COVER, "not ours")
        assert ranked(connection) == []
    await ask(tmp_path, ("price: and today?", 2), ("visa: where?", 2), ("new: what?", 2))
    with opened(tmp_path) as connection:
        assert regroup(connection) == 3
        assert regroup(connection) == 0
        assert find(connection, price.id).state == State.OPEN
        assert (find(connection, visa.id).state, find(connection, visa.id).note) == (State.WILL_NOT_COVER, "not ours")
        assert {gap.id for gap in ranked(connection, EVERY)} == {price.id, visa.id, max(price.id, visa.id) + 1}


async def test_dislikes_and_wishes_make_gaps(tmp_path: Path) -> None:
    """An answered question counts once it is voted down or an answer is asked for; half-typed inline queries do not."""
    liked, disliked, wished = await ask(tmp_path, ("a: 1", 1), ("b: 2", 1), ("c: 3", 1), decision="answer")
    log = open_log(tmp_path)
    await log.vote(liked, 1, 1)
    await log.vote(disliked, 1, -1)
    await log.request(wished, 1)
    await log.record(entry("what is lith", "none", surface="inline"))
    await log.close()
    with opened(tmp_path) as connection:
        assert regroup(connection) == 2
        assert {gap.asked[0].text for gap in ranked(connection)} == {"b: 2", "c: 3"}


async def test_late_judgements_are_not_passed_over(tmp_path: Path) -> None:
    """A vote and opting in again bring older questions into gaps."""
    answered, _ = await ask(tmp_path, ("a: 1", 1), ("b: 2", 2), decision="answer")
    await ask(tmp_path, ("price: how much?", 3))
    log = open_log(tmp_path)
    await log.opt_out(3, True)
    with opened(tmp_path) as connection:
        assert regroup(connection) == 0
        await log.vote(answered, 1, -1)
        assert regroup(connection) == 1
        await log.opt_out(3, False)
        assert regroup(connection) == 1
    await log.close()


async def test_only_questions_of_the_span_are_grouped(tmp_path: Path) -> None:
    """Only questions from the given moment on are put into gaps."""
    await ask(tmp_path, ("price: how much?", 1), ("visa: where?", 2))
    with opened(tmp_path) as connection:
        assert update(connection, Meanings(), since="2999") == 0
        assert update(connection, Meanings(), since="2000") == 2


async def test_forgotten_people_leave_gaps(tmp_path: Path) -> None:
    """A gap is made anew without them, and one that was theirs alone is gone."""
    await ask(tmp_path, ("price: how much?", 1), ("price: what?", 2), ("visa: where?", 1))
    with opened(tmp_path) as connection:
        regroup(connection)
        [person] = {
            row["person"] for row in connection.execute("SELECT person FROM questions WHERE question LIKE 'visa%'")
        }
        with transaction(connection):
            forget(connection, person)
        regroup(connection)
        assert [(gap.people, gap.asked[0].text) for gap in ranked(connection, EVERY)] == [(1, "price: what?")]
        assert connection.execute("SELECT count(*) FROM gaps WHERE centroid IS NULL").fetchone()[0] == 0


async def test_another_encoder_keeps_the_gaps(tmp_path: Path) -> None:
    """When vectors no longer compare, gaps keep their numbers and new questions still join them."""
    await ask(tmp_path, ("price: how much?", 1))
    with opened(tmp_path) as connection:
        regroup(connection)
    await ask(tmp_path, ("price: what?", 2))
    with opened(tmp_path) as connection:
        update(connection, Meanings("others", "another"))
        [gap] = ranked(connection)
    assert gap.people == 2


async def test_no_such_gap(tmp_path: Path) -> None:
    """A number nobody has is an error that says how to find one."""
    await ask(tmp_path, ("price: how much?", 1))
    with opened(tmp_path) as connection:
        with pytest.raises(NoSuchGapError, match="log gaps"):
            find(connection, 7)
        with pytest.raises(NoSuchGapError):
            mark(connection, 7, State.ANSWERED)


def signature(values: Mapping[int, float]) -> Signature:
    """Return a signature with these columns."""
    return np.array(sorted((1 << 16 | column, value) for column, value in values.items()), DTYPE)


SIGNATURES = st.lists(
    st.dictionaries(st.integers(0, 40), st.floats(-2, 2, width=32), max_size=8).map(signature), min_size=1, max_size=12
)


def likeness(one: Signature, other: Signature) -> float:
    """Return what the sum over the common columns is, odd ones against it."""
    held = dict(other.tolist())
    return sum(value * held.get(column, 0.0) * (-1 if column & 1 else 1) for column, value in one.tolist())


@given(SIGNATURES, SIGNATURES)
def test_grouping_puts_each_question_somewhere_once(known: list[Signature], new: list[Signature]) -> None:
    """Every question is in one cluster, which is new, or an old one of which the mean likeness is enough."""
    old = [Cluster(number, each, 1) for number, each in enumerate(known)]
    clusters = group(new, list(old), Bounds(0.7, np.inf, 0.0))
    assert sorted(row for cluster in clusters for row, _ in cluster.members) == list(range(len(new)))
    for row, _ in (member for cluster in clusters[: len(old)] for member in cluster.members):
        assert max(likeness(new[row], each) for each in known) > 0.7 - 1e-3
    for cluster in clusters[len(old) :]:
        assert all(likeness(new[row], each) < 0.7 + 1e-3 for row, _ in cluster.members for each in known)


@given(SIGNATURES)
def test_sums_tell_the_mean_likeness(signatures: list[Signature]) -> None:
    """A question is as alike to a sum of signatures as to those, on average."""
    [mean] = Likenesses([total(signatures)], [len(signatures)]).of(signatures[0])
    assert mean == pytest.approx(np.mean([likeness(signatures[0], each) for each in signatures]), abs=1e-3)


def test_the_most_alike_are_linked_first() -> None:
    """Two pairs that overlap a little stay two, whichever order they come in."""
    rows = [{2: 1.0}, {2: 0.9, 4: 0.2}, {4: 0.9, 2: 0.2}, {4: 1.0}]
    signatures = [signature(row) for row in rows]
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 1, 3, 0]):
        clusters = group([signatures[place] for place in order], [], Bounds(0.6, np.inf, 0.0))
        found = {frozenset(order[row] for row, _ in cluster.members) for cluster in clusters}
        assert found == {frozenset({0, 1}), frozenset({2, 3})}


def test_what_is_alone_joins_the_group_that_is_clearly_nearest() -> None:
    """It may be less alike than that group's questions are; where two groups are about as near, it stays alone."""
    gold, tax, bounds = {2: 1.0}, {4: 1.0}, Bounds(0.8, 0.4, 0.2)
    for loose, groups in (({2: 0.6, 4: 0.1}, 2), ({2: 0.6, 4: 0.5}, 3), ({2: 0.3}, 3)):
        clusters = group([signature(row) for row in (gold, gold, tax, tax, loose)], [], bounds)
        assert len(clusters) == groups
        [(number, size)] = [(each.size, len(each.members)) for each in clusters if 4 in dict(each.members)]
        assert number == size == (3 if groups == 2 else 1)


def reply(changes: dict[str, str]) -> Callable[[str], object]:
    """Return an index that answers as before but for some questions' decisions."""
    return lambda question: answer_to(question, changes.get(question, "answer"))


async def test_replay_shows_what_changes(tmp_path: Path) -> None:
    """Wordings are asked once each, the commonest first, and only other decisions or passages count as changes."""
    await ask(tmp_path, ("a: 1", 1), ("b: 2", 1), ("b: 2?", 2), decision="answer")
    with opened(tmp_path) as connection:
        results = list(replay(logged(connection), reply({"a: 1": "none"})))  # type: ignore[arg-type]
    assert [(result.question, result.times, result.change) for result in results] == [
        ("b: 2?", 2, None),
        ("a: 1", 1, "decision"),
    ]
    assert summary(results) == {"questions": 2, "decision": 1, "answer to none": 1}


async def test_replay_notices_another_passage_and_text(tmp_path: Path) -> None:
    """A decision that stays hides neither another passage nor new words in the same one."""
    await ask(tmp_path, ("a: 1", 1), ("b: 2", 1), decision="answer")
    with opened(tmp_path) as connection:
        for question, path, value in (("a: 1", "$[0].id", "resources/gone"), ("b: 2", "$[0].hash", "0" * 16)):
            connection.execute(
                "UPDATE questions SET candidates = json_set(candidates, ?, ?) WHERE question = ?",
                (path, value, question),
            )
        results = {result.question: result.change for result in replay(logged(connection), reply({}))}  # type: ignore[arg-type]
    assert results == {"a: 1": "passage", "b: 2": "text"}


async def test_gap_as_json_is_json(tmp_path: Path) -> None:
    """What programs get of a gap can be written as JSON."""
    await ask(tmp_path, ("price: how much?", 1))
    with opened(tmp_path) as connection:
        regroup(connection)
        [gap] = ranked(connection)
    assert json.loads(json.dumps(gap.as_json()))["asked"][0]["text"] == "price: how much?"
