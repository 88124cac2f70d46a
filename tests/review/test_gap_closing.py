"""A gap closes by itself when a published version answers its questions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bot.review.gap_store import Closed, State, close_answered, find, mark, ranked
from index.search.answer import Answer
from tests.support.gap_log import EVERY, ask, opened, regroup
from tests.support.log_answers import answer_to, open_log


class Version:
    """A published version that answers some questions, each with a passage of a certain text."""

    def __init__(self, version: str, answered: Mapping[str, str] | None = None) -> None:
        self.version, self._answered = version, answered or {}
        self.asked: list[tuple[str, str | None]] = []

    def answer(self, question: str, language: str | None = None) -> Answer:
        """Answer as the map says, else only with what is near."""
        self.asked.append((question, language))
        answer = answer_to(question, "answer" if question in self._answered else "closest", version=self.version)
        if question in self._answered:
            first = replace(answer.hits[0], snippet=replace(answer.hits[0].snippet, text=self._answered[question]))
            answer = replace(answer, hits=(first, *answer.hits[1:]))
        return answer


def close(connection: object, version: Version) -> Closed:
    """Ask a version."""
    return close_answered(connection, version)  # type: ignore[arg-type]


async def test_a_gap_whose_questions_are_answered_closes(tmp_path: Path) -> None:
    """It names the version, and each wording was asked once, in its language."""
    await ask(tmp_path, ("price: how much?", 1), ("price: How much", 2), ("price: what?", 2), ("visa: where?", 3))
    v2 = Version("v2", {"price: How much": "It costs two.", "price: what?": "It costs two."})
    with opened(tmp_path) as connection:
        regroup(connection)
        price, visa = ranked(connection)
        assert close(connection, v2) == Closed((price.id,), (), 3)
        found = find(connection, price.id)
        assert (found.state, found.answered_by, found.changed_by) == (State.ANSWERED, "v2", None)
        assert find(connection, visa.id).state == State.OPEN
        assert close(connection, v2) == Closed()
    assert sorted(v2.asked) == [("price: How much", "en"), ("price: what?", "en"), ("visa: where?", "en")]


async def test_the_version_that_did_not_answer_is_not_asked_again(tmp_path: Path) -> None:
    """Questions asked of the live version have its word already."""
    await ask(tmp_path, ("price: how much?", 1))
    with opened(tmp_path) as connection:
        regroup(connection)
        assert close(connection, Version("v1", {"price: how much?": "x"})) == Closed()


async def test_the_part_of_more_people_keeps_the_number(tmp_path: Path) -> None:
    """What is still not answered becomes a gap of its own where fewer asked it."""
    await ask(tmp_path, ("price: how much?", 1), ("price: how much?", 2), ("price: what?", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        [price] = ranked(connection)
        closed = close(connection, Version("v2", {"price: how much?": "It costs two."}))
        [left] = closed.still_open
        assert closed.gaps == (price.id,)
        assert (find(connection, price.id).state, find(connection, price.id).people) == (State.ANSWERED, 2)
        assert (find(connection, left).state, find(connection, left).asked[0].text) == (State.OPEN, "price: what?")
        # The rest is answered by the next version.
        assert close(connection, Version("v3", {"price: what?": "It costs two."})).gaps == (left,)


async def test_the_answered_part_is_split_off_where_fewer_asked_it(tmp_path: Path) -> None:
    """The number stays with what is open."""
    await ask(tmp_path, ("price: how much?", 1), ("price: how much?", 2), ("price: what?", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        [price] = ranked(connection)
        closed = close(connection, Version("v2", {"price: what?": "It costs two."}))
        assert closed.still_open == (price.id,)
        [part] = closed.gaps
        assert (find(connection, part).state, find(connection, part).answered_by) == (State.ANSWERED, "v2")
        assert find(connection, price.id).people == 2


async def test_an_answer_voted_down_must_be_another_one(tmp_path: Path) -> None:
    """The same passage with the same text closes nothing; a new text in it does."""
    [disliked] = await ask(tmp_path, ("price: how much?", 1), decision="answer")
    log = open_log(tmp_path)
    await log.vote(disliked, 1, -1)
    await log.close()
    with opened(tmp_path) as connection:
        regroup(connection)
        [price] = ranked(connection)
        assert close(connection, Version("v2", {"price: how much?": "About lithium."})) == Closed((), (), 1)
        assert close(connection, Version("v3", {"price: how much?": "It costs two."})).gaps == (price.id,)


async def test_what_reviewers_decided_stays(tmp_path: Path) -> None:
    """A gap that will not be covered is not asked; one opened again by hand waits for another answer."""
    await ask(tmp_path, ("price: how much?", 1), ("visa: where?", 2))
    answered = {"price: how much?": "It costs two.", "visa: where?": "There."}
    with opened(tmp_path) as connection:
        regroup(connection)
        price, visa = sorted(ranked(connection), key=lambda gap: gap.asked[0].text)
        mark(connection, visa.id, State.WILL_NOT_COVER, by="x")
        assert close(connection, Version("v2", answered)).gaps == (price.id,)
        mark(connection, price.id, State.OPEN, "it does not", "x")
        assert close(connection, Version("v3", answered)).gaps == ()
        assert close(connection, Version("v4", {"price: how much?": "It costs three."})).gaps == (price.id,)
        assert find(connection, visa.id).state == State.WILL_NOT_COVER


async def test_a_closed_gap_opens_again_and_is_settled_by_the_next_version(tmp_path: Path) -> None:
    """A later question that the live version does not answer opens the gap; the next version is asked all of it."""
    await ask(tmp_path, ("price: how much?", 1))
    v2 = {"price: how much?": "It costs two."}
    with opened(tmp_path) as connection:
        regroup(connection)
        [price] = ranked(connection)
        close(connection, Version("v2", v2))
    await ask(tmp_path, ("price: what?", 3), version="v2")
    with opened(tmp_path) as connection:
        regroup(connection)
        assert find(connection, price.id).state == State.OPEN
        assert close(connection, Version("v2", v2)) == Closed()
        assert close(connection, Version("v3", v2 | {"price: what?": "It costs two."})).gaps == (price.id,)


async def test_whoever_is_interrupted_goes_on(tmp_path: Path) -> None:
    """What was finished stays finished, and the rest is asked the next time."""

    class Broken(Version):
        def answer(self, question: str, language: str | None = None) -> Answer:
            if question.startswith("b"):
                raise KeyboardInterrupt
            return super().answer(question, language)

    await ask(tmp_path, ("a: 1", 1), ("b: 2", 2))
    answered = {"a: 1": "One.", "b: 2": "Two."}
    with opened(tmp_path) as connection:
        regroup(connection)
        order = {gap.asked[0].text: gap.id for gap in ranked(connection)}
        with suppress(KeyboardInterrupt):
            close(connection, Broken("v2", answered))
        again = Version("v2", answered)
        close(connection, again)
        assert {gap.id for gap in ranked(connection, EVERY) if gap.state == State.ANSWERED} == set(order.values())
    assert len(again.asked) == (1 if order["a: 1"] < order["b: 2"] else 2)


async def test_whoever_is_told_to_stop_leaves_the_rest(tmp_path: Path) -> None:
    """The gap in which it stopped is asked again as a whole, the ones before are finished."""
    await ask(tmp_path, ("a: 1", 1), ("b: 2", 2))
    version = Version("v2", {"a: 1": "One.", "b: 2": "Two."})
    pauses: list[float] = []

    def stop_at_the_second(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) == 2

    with opened(tmp_path) as connection:
        regroup(connection)
        closed = close_answered(connection, version, stop_at_the_second)  # type: ignore[arg-type]
        assert (len(closed.gaps), closed.wordings, closed.finished) == (1, 2, False)
        assert len(ranked(connection)) == 1
        assert len(close(connection, version).gaps) == 1


async def test_a_gap_that_is_deleted_meanwhile_stops_nothing(tmp_path: Path) -> None:
    """Everybody who asked has their questions deleted while these are asked again; the other gap is closed."""
    await ask(tmp_path, ("a: 1", 1), ("b: 2", 2))

    def forget_the_first(_: float) -> bool:
        with opened(tmp_path) as second:
            second.execute("DELETE FROM gap_questions WHERE gap = (SELECT min(id) FROM gaps)")
            second.execute("DELETE FROM gaps WHERE id NOT IN (SELECT gap FROM gap_questions)")
        return False

    with opened(tmp_path) as connection:
        regroup(connection)
        version = Version("v2", {"a: 1": "One.", "b: 2": "Two."})
        pauses = iter([forget_the_first])
        closed = close_answered(connection, version, lambda took: next(pauses, lambda _: False)(took))  # type: ignore[arg-type]
        assert closed.finished and len(closed.gaps) == 1


async def test_only_one_program_asks_at_a_time(tmp_path: Path) -> None:
    """The other one asks nothing and is told so; the log can be written meanwhile."""
    await ask(tmp_path, ("a: 1", 1))
    other = Version("v2", {"a: 1": "One."})
    seen: list[Closed] = []

    def meanwhile(_: float) -> bool:
        with opened(tmp_path) as second:
            seen.append(close(second, other))
            second.execute("UPDATE gaps SET note = 'seen'")
        return False

    with opened(tmp_path) as connection:
        regroup(connection)
        closed = close_answered(connection, Version("v2", {"a: 1": "One."}), meanwhile)  # type: ignore[arg-type]
        assert closed.finished and len(closed.gaps) == 1
        assert (seen, other.asked) == ([Closed(finished=False)], [])
        assert find(connection, closed.gaps[0]).note == "seen"
