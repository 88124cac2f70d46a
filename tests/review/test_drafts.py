"""Drafts are kept with who made them, combine on one file, and tell their conflicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.review.acts import (
    Act,
    AddQuestions,
    Asked,
    CorrectSnippet,
    DoesNotAnswer,
    KeepForEvaluation,
    NewTranslation,
    NotCovered,
    WriteSnippet,
    as_json,
    from_json,
    without,
)
from bot.review.drafts import Drafts, DraftState, NoSuchDraftError, overlay
from bot.review.snippet_edit import seen
from index.knowledge.snippet import Source
from tests.support.small_knowledge import MakeKnowledge

COPPER = "metals/copper"
TITLE, TEXT = "Copper output", "Copper output was 6,218 tonnes in 2025. The plant stands near Balkhash."
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
_ASKED = st.lists(st.builds(Asked, _TEXTS, _TEXTS), max_size=3).map(tuple)
_SOURCES = st.builds(Source, _TEXTS, _TEXTS, _TEXTS, st.none() | _TEXTS, st.none() | _TEXTS)
ACTS = st.one_of(
    st.builds(AddQuestions, _TEXTS, _ASKED),
    st.builds(DoesNotAnswer, _TEXTS, _ASKED),
    st.builds(NotCovered, _ASKED),
    st.builds(KeepForEvaluation, _ASKED, st.none() | _TEXTS),
    st.builds(CorrectSnippet, _TEXTS, _TEXTS, _TEXTS, _TEXTS, _TEXTS, st.tuples(_TEXTS), st.tuples()),
    st.builds(
        WriteSnippet,
        *(_TEXTS,) * 4,
        st.tuples(_TEXTS),
        st.tuples(_SOURCES),
        st.tuples(st.builds(NewTranslation, _TEXTS, _TEXTS, _TEXTS, st.tuples(_TEXTS))),
        _TEXTS,
    ),
)


def add(*questions: str) -> AddQuestions:
    """Return the act that adds English questions to the snippet on copper."""
    return AddQuestions(COPPER, tuple(Asked("en", each) for each in questions))


def correct(text: str) -> CorrectSnippet:
    """Return the act that gives the snippet on copper another text than the one in the file."""
    return CorrectSnippet(COPPER, "en", TITLE, text, seen(TITLE, TEXT))


@given(ACTS)
def test_an_act_is_the_same_after_it_was_kept(act: Act) -> None:
    """Whatever its texts hold."""
    assert from_json(as_json(act)) == act


def test_other_json_is_no_act() -> None:
    """It is refused by name."""
    with pytest.raises(ValueError, match="'System' is no act"):
        from_json('{"act": "System"}')


def test_a_draft_is_kept_with_who_when_and_what_for(tmp_path: Path) -> None:
    """Another process reads it back; its history says what became of it."""
    number = Drafts(tmp_path).add(add("copper?"), "Ann", 12, ["01A", "01B"])
    drafts = Drafts(tmp_path)
    [draft] = drafts.all()
    assert (draft.id, draft.act, draft.author, draft.gap) == (number, add("copper?"), "Ann", 12)
    assert draft.question_ids == ("01A", "01B")
    drafts.published([number], "v2", "Bob")
    assert drafts.all() == []
    drafts.undone([number], "Cat")
    assert [each.id for each in drafts.all()] == [number]
    drafts.remove(number, "Ann")
    history = [(str(event.state), event.author, event.version) for event in drafts.history(12)]
    assert history == [
        ("removed", "Ann", None),
        ("draft", "Cat", None),
        ("published", "Bob", "v2"),
        ("draft", "Ann", None),
    ]
    assert [each.state for each in drafts.of([number])] == [DraftState.REMOVED]


def test_what_somebody_else_removed_is_not_published(tmp_path: Path) -> None:
    """None of the drafts is marked then."""
    drafts = Drafts(tmp_path)
    first, second = drafts.add(add("a"), "Ann"), drafts.add(add("b"), "Ann")
    drafts.remove(second, "Bob")
    with pytest.raises(NoSuchDraftError, match=f"Draft {second} is not there any more"):
        drafts.published([first, second], "v2", "Ann")
    assert [each.id for each in drafts.all()] == [first]
    with pytest.raises(NoSuchDraftError):
        drafts.remove(second, "Ann")


def test_what_came_from_a_deleted_question_goes(tmp_path: Path) -> None:
    """It goes from drafts and removed ones, down to the bytes; the reviewer's own words and published drafts stay."""
    drafts = Drafts(tmp_path)
    tin = NewTranslation("en", "Tin", "Tin is found.", ("where is my tin", "tin mines", "written by ann"))
    passage = WriteSnippet("metals", "tin", "2025", "", ("press",), (), (tin,), "en")
    taken = {"01A": "where is my tin", "01B": "tin mines"}
    kept = drafts.add(passage, "Ann", 1, ["01A", "01B"], taken)
    both = drafts.add(add("where is my tin"), "Ann", 1, ["01A", "01C"], {"01A": "where is my tin", "01C": "copper"})
    removed = drafts.add(add("where is my tin"), "Ann", 1, ["01A"], {"01A": "where is my tin"})
    drafts.remove(removed, "Ann")
    drafts.forget_questions(lambda ids: {"01A"} & {*ids})
    assert drafts.of([both, removed]) == []
    [draft] = drafts.of([kept])
    assert draft.act == without(passage, {"where is my tin"})
    assert (draft.question_ids, dict(draft.taken)) == (("01B",), {"01B": "tin mines"})
    assert not any(b"where is my tin" in path.read_bytes() for path in tmp_path.iterdir())
    drafts.published([kept], "v1", "Ann")
    drafts.forget_questions(lambda ids: {*ids})
    assert drafts.of([kept])[0].taken == {"01B": "tin mines"}


def test_drafts_on_one_file_combine(tmp_path: Path, make_knowledge: MakeKnowledge) -> None:
    """Two reviewers add questions, a third corrects the text, an editor writes into the file: it gets all of it."""
    folder, drafts = make_knowledge(), Drafts(tmp_path)
    drafts.add(add("how much copper", "copper in tonnes"), "Ann")
    drafts.add(add("copper in tonnes", "balkhash copper"), "Bob")
    drafts.add(correct(f"{TEXT} It opened in 1938."), "Cat")
    path = folder / "metals" / "copper.md"
    path.write_text(path.read_text().replace("questions:", "# by hand\nquestions:"))
    found = overlay(drafts.all(), folder)
    assert found.conflicts == []
    [change] = found.changes
    assert change.after == path.read_text().replace(
        "  - how much copper is made\n",
        "  - how much copper is made\n  - how much copper\n  - copper in tonnes\n  - balkhash copper\n",
    ).replace(TEXT, f"{TEXT} It opened in 1938.")


def test_a_conflict_is_told_and_the_rest_goes_on(tmp_path: Path, make_knowledge: MakeKnowledge) -> None:
    """The draft that cannot be applied is left out whole."""
    folder, drafts = make_knowledge(), Drafts(tmp_path)
    drafts.add(correct("Copper output rose."), "Ann")
    lost = drafts.add(correct("Copper output fell."), "Bob")
    drafts.add(AddQuestions("metals/tin", (Asked("en", "tin"),)), "Bob")
    drafts.add(add("how much copper"), "Cat")
    found = overlay(drafts.all(), folder)
    assert found.conflicts[0][0].id == lost
    assert "another title or text than the reviewer saw" in found.conflicts[0][1]
    assert "no such snippet" in found.conflicts[1][1]
    assert len(found.blocked) == 2
    [change] = found.changes
    assert "Copper output rose." in change.after
    assert "- how much copper\n" in change.after


def test_half_a_draft_is_never_applied(tmp_path: Path, make_knowledge: MakeKnowledge) -> None:
    """A new passage whose source is there already by then leaves no file behind."""
    folder, drafts = make_knowledge(), Drafts(tmp_path)
    tin = NewTranslation("en", "Tin", "Tin.")
    taken = Source("press", "P", "T")
    passage = WriteSnippet("metals", "tin", "2025", "", ("press",), (taken,), (tin,), "en")
    drafts.add(passage, "Ann")
    found = overlay(drafts.all(), folder)
    assert found.changes == []
    assert "an entry 'press' already" in found.conflicts[0][1]
