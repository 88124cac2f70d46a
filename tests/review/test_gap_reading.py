"""A gap shows what reviewers must see: why each question was not answered, and the passages that were considered."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.querylog.entry import Entry
from bot.review.gap_changes import user_name
from bot.review.gap_store import GapFilter, Reason, State, count, find, ranked, similar, update
from bot.review.options import log as log_commands
from bot.review.signatures import Signatures
from index import Index
from index.search.contradiction import Difference, DifferenceKind
from tests.support.gap_log import EVERY, ask, opened, regroup
from tests.support.log_answers import answer_to, entry, open_log


async def test_a_wording_tells_why_it_was_not_answered(tmp_path: Path) -> None:
    """Each reason is told apart, with what differs and the passages considered then."""
    log = open_log(tmp_path)
    difference = Difference(DifferenceKind.DATE, "2031", "2025")
    dated = replace(answer_to("date: in 2031?", "closest", meaning="date"), differences=(difference,))
    await log.record(Entry(dated, "private", person=1))
    await log.record(entry("near: a", "closest", person=1, meaning="near"))
    await log.record(entry("far: b", "none", person=1, meaning="far"))
    wrong = await log.record(entry("wrong: c", "answer", person=1, meaning="wrong"))
    await log.vote(wrong, 1, -1)
    await log.request(wrong, 1)
    await log.close()
    with opened(tmp_path) as connection:
        regroup(connection)
        found = {gap.asked[0].text.split(":")[0]: gap.asked[0] for gap in ranked(connection)}
    assert {name: wording.reason for name, wording in found.items()} == {
        "date": Reason.CONTRADICTED,
        "near": Reason.UNCERTAIN,
        "far": Reason.NOTHING_NEAR,
        "wrong": Reason.WRONG_PASSAGE,
    }
    assert found["date"].differences == (("date", "2031", "2025"),)
    assert (found["wrong"].disliked, found["wrong"].wished, found["wrong"].decision) == (1, 1, "answer")
    assert [(each.id, each.shown) for each in found["near"].passages[:2]] == [
        ("resources/lithium", True),
        ("resources/uranium", False),
    ]


async def test_no_difference_shows_what_was_redacted(tmp_path: Path) -> None:
    """A number that the question's own text hides is not kept as what differs either."""
    log = open_log(tmp_path)
    difference = Difference(DifferenceKind.NUMBER, "701 123 45 67", None)
    await log.record(
        Entry(replace(answer_to("ring +7 701 123 45 67", "closest"), differences=(difference,)), "private")
    )
    await log.close()
    with opened(tmp_path) as connection:
        [row] = connection.execute("SELECT reason, differences FROM questions").fetchall()
    assert tuple(row) == ("contradicted", None)


async def test_gaps_are_chosen_and_paged(tmp_path: Path) -> None:
    """By state, language, reason and words; each page goes on where the last one ended."""
    await ask(tmp_path, ("tax: of mines", 1), ("tax: again", 2), ("visa: where", 1))
    await ask(tmp_path, ("налог: сколько", 3), decision="closest", language="ru")
    with opened(tmp_path) as connection:
        regroup(connection)

        def texts(**chosen: object) -> list[str]:
            which = GapFilter(**chosen)  # type: ignore[arg-type]
            found = ranked(connection, which)
            assert count(connection, which) == len(found)
            return sorted(gap.asked[0].text for gap in found)

        assert len(texts()) == 3
        assert texts(language="ru") == texts(reason=Reason.UNCERTAIN) == ["налог: сколько"]
        assert texts(language="ru", reason=Reason.NOTHING_NEAR) == texts(state=State.ANSWERED) == []
        assert len(texts(search="mines")) == 1
        assert texts(search='min* "') == texts(search="mines")
        pages = [ranked(connection, limit=1, offset=place)[0].id for place in range(3)]
        assert pages == [gap.id for gap in ranked(connection)]


async def test_gaps_of_an_older_log_are_read(tmp_path: Path) -> None:
    """Members stored before wordings were kept are shown as they are, and completed by the next grouping."""
    await ask(tmp_path, ("tax: of mines", 1), ("tax: of mines", 2))
    with opened(tmp_path) as connection:
        regroup(connection)
        connection.execute("UPDATE gap_questions SET wording = NULL, language = NULL, reason = NULL")
        [gap] = ranked(connection)
        assert (gap.people, gap.questions, gap.languages) == (2, 2, ())
        regroup(connection)
        [gap] = ranked(connection)
        assert (len(gap.asked), gap.languages, gap.reasons) == (1, (("en", 2),), ((Reason.NOTHING_NEAR, 2),))


async def test_wordings_in_three_languages_meet(tmp_path: Path, real_index: Index) -> None:
    """With the project's own index, a subject that it lacks is one gap, and another subject is not in it."""
    log = open_log(tmp_path)
    for text, language in (
        ("What tax do mining companies pay?", "en"),
        ("Какой налог платят горнодобывающие компании?", "ru"),
        ("Кен өндіретін компаниялар қандай салық төлейді?", "kk"),
        ("Is there a direct flight from London to Almaty?", "en"),
        ("Есть ли прямой рейс из Лондона в Алматы?", "ru"),
    ):
        await log.record(Entry(real_index.answer(text, language), "private", person=len(text)))
    await log.close()
    with opened(tmp_path) as connection:
        connection.execute("UPDATE questions SET decision = 'none'")
        update(connection, Signatures(real_index))
        found = sorted(ranked(connection), key=lambda gap: -gap.questions)
    assert [dict(gap.languages) for gap in found] == [{"en": 1, "ru": 1, "kk": 1}, {"en": 1, "ru": 1}]


async def test_likely_merges_are_suggested(tmp_path: Path, real_index: Index) -> None:
    """Of the other open gaps, that which shares a subject is named, and one without anything in common is not."""
    log = open_log(tmp_path)
    for text in ("Aktau port capacity", "How far is Baku from Aktau by ship?", "Who made this bot?"):
        await log.record(Entry(real_index.answer(text, "en"), "private", person=1))
    await log.close()
    with opened(tmp_path) as connection:
        connection.execute("UPDATE questions SET decision = 'none'")
        update(connection, Signatures(real_index))
        numbers = {gap.asked[0].text: gap.id for gap in ranked(connection)}
        assert len(numbers) == 3
        alike = similar(connection, numbers["Aktau port capacity"])
        assert [gap.id for gap in alike] == [numbers["How far is Baku from Aktau by ship?"]]
        assert similar(connection, numbers["Who made this bot?"]) == []


def run(folder: Path, *arguments: str) -> Result:
    """Run `log gaps` without an index."""
    return CliRunner().invoke(log_commands, ["gaps", *arguments, "--no-update", "--data", str(folder)])


async def test_the_terminal_merges_splits_and_moves(tmp_path: Path) -> None:
    """By the ends of ids that the table of a gap shows, under the name of who runs the command."""
    price, _, visa = await ask(tmp_path, ("price: how much", 1), ("price: what", 2), ("visa: where", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        numbers = {wording.id: gap.id for gap in ranked(connection) for wording in gap.asked}
    assert price[-8:] in run(tmp_path, str(numbers[price])).output
    split = run(tmp_path, str(numbers[price]), "--split", price[-8:])
    assert split.exit_code == 0
    with opened(tmp_path) as connection:
        [new] = {gap.id for gap in ranked(connection, EVERY)} - set(numbers.values())
    assert f"gap {new}" in split.output
    assert run(tmp_path, "--move", price[-8:], "--to", str(numbers[visa])).exit_code == 0
    assert run(tmp_path, str(numbers[visa]), "--merge", str(numbers[price])).exit_code == 0
    with opened(tmp_path) as connection:
        [gap] = ranked(connection)
        assert (gap.id, gap.people, gap.changed_by) == (numbers[visa], 3, user_name())
        assert find(connection, new).id == numbers[visa]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--merge", "2"), "--merge needs the number of a GAP"),
        (("1", "--move", "X"), "belong together"),
        (("1", "--to", "2"), "belong together"),
        (("1", "--merge", "2", "--split", "X"), "--merge and --split: give one at a time"),
        (("1", "--merge", "9"), "There is no gap 9"),
        (("1", "--split", "X9"), "no question has"),
    ],
)
async def test_the_terminal_says_what_is_wrong(tmp_path: Path, options: tuple[str, ...], text: str) -> None:
    """One line, without a traceback, and nothing is changed."""
    await ask(tmp_path, ("price: how much", 1))
    with opened(tmp_path) as connection:
        regroup(connection)
    result = run(tmp_path, *options)
    assert result.exit_code != 0
    assert text in result.output + str(result.exception)


async def test_a_known_near_miss_is_told_apart(tmp_path: Path, real_index: Index) -> None:
    """Where a passage came near and says itself that it does not answer, that is the reason, not uncertainty."""
    negatives = (text for each in real_index.snippets.every_translation() for text in each.does_not_answer)
    answers = (real_index.answer(text) for text in negatives)
    near = list(islice((each for each in answers if each.decision == "closest" and not each.differences), 5))
    log = open_log(tmp_path)
    for answer in near:
        await log.record(Entry(answer, "private", person=1))
    await log.close()
    with opened(tmp_path) as connection:
        reasons = [row["reason"] for row in connection.execute("SELECT reason FROM reasons")]
    assert reasons == ["near-miss"] * 5
