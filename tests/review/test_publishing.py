"""Drafts are tried, published and undone; files and live version agree."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.review.acts import AddQuestions, Asked, CorrectSnippet, NewTranslation, NotCovered, WriteSnippet
from bot.review.gap_store import State
from bot.review.publishing import PublishError, words
from bot.review.publishing.journal import State as Reached
from index.build.builder import BuildOptions, build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.index import Index
from tests.support.publishing_desk import COPPER, DRAFTED, GAP, WORDINGS, Desk

UNFINISHED = WriteSnippet("metals", "tin", "2026", "", (), (), (NewTranslation("en", "Tin", ""),), "en")
ENVOY = AddQuestions("people/envoy", (Asked("en", "who leads trade talks"),))


def test_a_try_shows_the_answers_that_change(first_desk: Desk) -> None:
    """The wordings of the draft's gap and those of the last month are asked of both versions."""
    tried = first_desk.tried()
    assert {each.question for each in tried.of_drafts} == set(WORDINGS)
    assert all(each.won for each in tried.of_drafts)
    assert {each.question for each in tried.replayed} == set(WORDINGS), "the answer about the envoy does not change"
    assert (tried.asked, tried.wordings) == (3, 3)
    assert tried.titles["metals/copper"] == "Copper output"


def test_a_try_changes_nothing(first_desk: Desk) -> None:
    """The files, the live version, the gap and the draft are as before."""
    assert DRAFTED not in first_desk.copper
    assert first_desk.live == first_desk.tried().previous != first_desk.tried().version
    assert [each.id for each in first_desk.drafts.all()] == [1]
    assert first_desk.gap is State.OPEN


def test_a_result_forgets_the_questions_that_the_log_forgets(desk: Desk) -> None:
    """The result holds no text of a question, so what people have deleted is shown nowhere."""
    with closing(sqlite3.connect(desk.data / "review.db")) as connection:
        [(kept,)] = connection.execute("SELECT result FROM tries")
    assert not any(text in kept for text in WORDINGS)
    with closing(sqlite3.connect(desk.data / "queries.db")) as connection, connection:
        connection.execute("DELETE FROM questions WHERE question = ?", (WORDINGS[0],))
    assert {each.question for each in desk.tried().of_drafts} == {WORDINGS[1]}


def test_publishing_makes_files_and_live_version_agree(desk: Desk) -> None:
    """The file has the draft's line and the bot answers with it; draft and gap are closed; a build changes nothing."""
    tried = desk.tried()
    made = desk.publisher.publish("Anna", tried.version)
    assert made.outcome.notes == ()
    assert desk.copper.count(DRAFTED) == 1
    assert desk.live == tried.version
    assert desk.drafts.all() == []
    assert desk.gap is State.ANSWERED
    assert build(desk.knowledge, desk.data, encoder=DEFAULT_ENCODER).unchanged
    with closing(Index.open(desk.data)) as index:
        assert index.answer(WORDINGS[0]).decision == "answer"


def test_undoing_brings_everything_back(desk: Desk) -> None:
    """File, version, draft and gap are as before the publication; the same draft can be tried and published again."""
    before = desk.copper
    made = desk.publisher.publish("Anna", desk.tried().version)
    desk.publisher.undo("Boris", made.id)
    assert desk.copper == before
    assert desk.live == made.plan.previous
    assert [each.id for each in desk.drafts.all()] == [1]
    assert desk.gap is State.OPEN
    desk.publisher.publish("Anna", desk.try_drafts("Anna").version)
    assert desk.gap is State.ANSWERED


def test_a_gap_that_is_not_ours_closes_and_opens_with_the_publication(desk: Desk) -> None:
    """It closes once the bot refuses its questions, and opens when that is undone."""
    desk.drafts.remove(1, "Anna")
    desk.drafts.add(NotCovered(tuple(Asked("en", each) for each in WORDINGS)), "Anna", GAP)
    tried = desk.try_drafts("Anna")
    assert desk.gap is State.OPEN
    made = desk.publisher.publish("Anna", tried.version)
    assert (made.outcome.notes, desk.gap) == ((), State.WILL_NOT_COVER)
    desk.publisher.undo("Boris", made.id)
    assert desk.gap is State.OPEN


def test_the_history_tells_who_did_what(desk: Desk) -> None:
    """The newest comes first, each with its author, its version and its gap; an undone publication says so."""
    made = desk.publisher.publish("Anna", desk.tried().version)
    desk.publisher.undo("Boris", made.id)
    undone, published = desk.publisher.history()
    assert [(each.plan.author, each.plan.undoes, each.plan.gaps) for each in (undone, published)] == [
        ("Boris", made.id, (GAP,)),
        ("Anna", None, (GAP,)),
    ]
    assert (published.plan.version, published.undone) == (made.plan.version, True)
    assert desk.publisher.undoable() is None


def test_a_publication_needs_the_result_that_was_seen(desk: Desk) -> None:
    """Whoever publishes another version than the last one tried is told, and nothing changes."""
    with pytest.raises(PublishError, match="other drafts since"):
        desk.publisher.publish("Anna", "20260101T000000000Z-00000000")
    assert DRAFTED not in desk.copper


def test_a_file_changed_since_the_try_is_noticed(desk: Desk) -> None:
    """The file is named; nothing is written; a new try takes the change along."""
    roadmap = desk.knowledge / "deals/roadmap.md"
    roadmap.write_text(roadmap.read_text() + "\nIt was extended in May 2026.\n")
    tried = desk.tried()
    assert "deals/roadmap.md" in str(desk.publisher.stale(tried))
    with pytest.raises(PublishError, match=r"changed since: deals/roadmap\.md\. Try again"):
        desk.publisher.publish("Anna", tried.version)
    assert DRAFTED not in desk.copper
    assert desk.live == tried.previous


def test_what_was_changed_in_the_folder_is_told_before_it_is_published(desk: Desk) -> None:
    """A passage that somebody edited is named by its title, another file by what it is for; then it is live."""
    roadmap = desk.knowledge / "deals/roadmap.md"
    roadmap.write_text(roadmap.read_text() + "\nIt was extended in May 2026.\n")
    (desk.knowledge / "synonyms.yaml").write_text("- [tonne, t]\n")
    tried = desk.try_drafts("Anna")
    assert [(each.what, each.passage) for each in words.by_hand(tried)] == [
        (tried.titles["deals/roadmap"], "deals/roadmap"),
        ("the synonyms", None),
    ]
    desk.publisher.publish("Anna", tried.version)
    desk.drafts.add(ENVOY, "Boris")
    assert desk.try_drafts("Boris").by_hand == ()


def test_a_publication_without_a_new_version_is_undone_alone(desk: Desk) -> None:
    """A passage without a text changes no answer. Undoing it leaves what was published with the version before."""
    made = desk.publisher.publish("Anna", desk.tried().version)
    unfinished = desk.drafts.add(UNFINISHED, "Boris")
    tried = desk.try_drafts("Boris")
    assert (tried.version, tried.previous, tried.by_hand) == (made.plan.version, made.plan.version, ())
    second = desk.publisher.publish("Boris", tried.version)
    assert (desk.knowledge / "metals/tin.md").exists()
    other = desk.drafts.add(ENVOY, "Boris")
    assert desk.try_drafts("Boris").by_hand == (), "it was published, and not changed by hand"
    desk.publisher.undo("Boris", second.id)
    assert not (desk.knowledge / "metals/tin.md").exists()
    assert [each.id for each in desk.drafts.all()] == [unfinished, other]
    assert (desk.copper.count(DRAFTED), desk.gap, desk.live) == (1, State.ANSWERED, made.plan.version)


def test_who_clicks_twice_publishes_once(desk: Desk) -> None:
    """The second click is told what the first one did."""
    version = desk.tried().version
    made = desk.publisher.publish("Anna", version)
    assert desk.publisher.publish("Anna", version).id == made.id
    with pytest.raises(PublishError, match="other drafts since"):
        desk.publisher.publish("Boris", version)
    assert len(desk.publisher.history()) == 1


def test_a_draft_removed_since_the_try_is_noticed(desk: Desk) -> None:
    """A colleague may remove a draft; what was tried with it is not published."""
    desk.drafts.remove(1, "Boris")
    with pytest.raises(PublishError, match="1 of the drafts was removed or published since"):
        desk.publisher.publish("Anna", desk.tried().version)
    assert DRAFTED not in desk.copper


def test_another_version_published_since_the_try_is_noticed(desk: Desk) -> None:
    """Somebody built in a terminal: the candidate was compared with another version."""
    tried = desk.tried()
    build(desk.knowledge, desk.data, encoder=DEFAULT_ENCODER, options=BuildOptions(force=True))
    with pytest.raises(PublishError, match="Another version was published since"):
        desk.publisher.publish("Anna", tried.version)
    assert DRAFTED not in desk.copper


def test_drafts_saved_later_are_not_published_with_it(desk: Desk) -> None:
    """A publication holds what was tried, and nothing else; the other draft waits."""
    later = desk.drafts.add(ENVOY, "Boris")
    desk.publisher.publish("Anna", desk.tried().version)
    assert [each.id for each in desk.drafts.all()] == [later]
    assert "trade talks" not in (desk.knowledge / "people/envoy.md").read_text()


def test_a_file_changed_after_the_publication_is_not_lost_by_undoing(desk: Desk) -> None:
    """Undoing is refused, names the file and says what remains; files and version stay."""
    made = desk.publisher.publish("Anna", desk.tried().version)
    changed = desk.copper + "\nA new smelter opened.\n"
    (desk.knowledge / COPPER).write_text(changed)
    with pytest.raises(PublishError, match=rf"{COPPER}.*Correct the passage in a new draft instead"):
        desk.publisher.undo("Anna", made.id)
    assert desk.copper == changed
    assert desk.live == made.plan.version


def test_only_the_last_publication_is_undone(desk: Desk) -> None:
    """Somebody who looks at an old page undoes nothing else than what they see there."""
    with pytest.raises(PublishError, match="Look at the history again"):
        desk.publisher.undo("Anna", 1)
    made = desk.publisher.publish("Anna", desk.tried().version)
    desk.publisher.undo("Anna", made.id)
    with pytest.raises(PublishError, match="Look at the history again"):
        desk.publisher.undo("Boris", made.id)


def test_a_draft_that_no_longer_fits_is_left_out_and_said_so(desk: Desk) -> None:
    """The others are tried; the one that was made for another text stays a draft."""
    stranger = desk.drafts.add(CorrectSnippet("people/envoy", "en", "T", "Other.", "seen another text"), "Anna")
    tried = desk.try_drafts("Anna")
    assert tried.drafts == (1,)
    assert tried.left_out[stranger].startswith("people/envoy.md has another title or text")
    desk.publisher.publish("Anna", tried.version)
    assert [each.id for each in desk.drafts.all()] == [stranger]


def test_a_build_that_fails_says_why(desk: Desk) -> None:
    """The problem names the file and the reason; nothing is live, nothing is written, the draft waits."""
    (desk.knowledge / "people/envoy.md").write_text("---\ntitle: The envoy\nsources: [nobody]\n---\nText.\n")
    desk.publisher.start_try("Anna")
    progress = desk.followed()
    assert progress.problem is not None
    assert "people/envoy.md" in progress.problem
    assert str(desk.folder) not in progress.problem
    assert desk.publisher.tried() is None
    assert [each.id for each in desk.drafts.all()] == [1]


def test_a_refused_candidate_is_explained_and_not_published(desk: Desk) -> None:
    """The test question that fares worse is named, with the passage it finds now; Publish is refused."""
    (desk.knowledge / "evaluation.yaml").write_text(
        "floor: {recall_at_1: 1}\nquestions:\n- {question: who is the trade envoy, answers: [metals/copper]}\n"
    )
    tried = desk.try_drafts("Anna")
    assert not tried.may_be_published
    with pytest.raises(PublishError, match="would not answer the test questions well enough"):
        desk.publisher.publish("Anna", tried.version)
    assert DRAFTED not in desk.copper
    assert desk.live == tried.previous


def test_without_drafts_there_is_nothing_to_try(desk: Desk) -> None:
    """A reviewer without drafts is told."""
    with pytest.raises(PublishError, match="no draft to try"):
        desk.publisher.start_try("Boris")


def test_a_reviewer_tries_what_they_choose(desk: Desk) -> None:
    """By default their own drafts, otherwise those that they name, also of colleagues."""
    other = desk.drafts.add(ENVOY, "Boris")
    assert desk.try_drafts("Boris").drafts == (other,)
    desk.publisher.start_try("Boris", [1, other])
    desk.followed()
    assert desk.tried().drafts == (1, other)


def test_a_second_try_waits_for_the_first(desk: Desk) -> None:
    """The second reviewer is told who is trying."""
    desk.drafts.add(ENVOY, "Boris")
    desk.publisher.start_try("Anna")
    with pytest.raises(PublishError, match="Anna is trying drafts right now"):
        desk.publisher.start_try("Boris")
    assert desk.followed().problem is None


def test_a_publication_is_recorded_as_done(desk: Desk) -> None:
    """Nothing is left to be finished, and nothing lies beside the files."""
    made = desk.publisher.publish("Anna", desk.tried().version)
    assert made.state is Reached.DONE
    assert list(desk.knowledge.rglob(".*")) == []
