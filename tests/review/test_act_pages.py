"""Reviewers act on gaps and passages in the browser: forms come filled, say what they change, and make drafts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("datasette", reason="needs the extra `review`")

from bot.querylog import schema
from bot.review.acts import AddQuestions, CorrectSnippet, DoesNotAnswer, KeepForEvaluation, NotCovered
from bot.review.drafts import overlay
from tests.support.log_answers import until
from tests.support.page_forms import fields_of
from tests.support.review_pages import Browser, ask, browsing, text_of
from tests.support.small_knowledge import MakeKnowledge

EVIL = "<script>alert(1)</script> =cmd() hydrogen"
ASKED = ("who signd the spa town deal", "spa town deal on 7 June", EVIL)
ANSWERS = "/review/gaps/1/answers?snippet=deals/memorandum"
PAGES = (
    "/review/gaps/1/answers",
    ANSWERS,
    "/review/gaps/1/not-answered?snippet=deals/memorandum",
    "/review/gaps/1/not-covered",
    "/review/gaps/1/evaluation?snippet=-",
    "/review/gaps/1/write",
    "/review/gaps/1/merge",
    "/review/gaps/1/split",
    "/review/gaps/1/move",
    "/review/passages/deals/memorandum/correct",
)


@pytest.fixture
def knowledge(make_knowledge: MakeKnowledge) -> Path:
    """The small knowledge."""
    return make_knowledge()


@pytest.fixture
async def ann(small_data: Path, knowledge: Path) -> AsyncIterator[Browser]:
    """A reviewer's browser on a gap of three questions, one of which tries to be a program."""
    await ask(small_data, *ASKED)
    async with browsing(small_data, knowledge_dir=knowledge) as browser:
        await browser.sign_in("Ann")
        yield browser


async def test_a_form_needs_its_token_and_shows_what_people_typed_as_text(ann: Browser) -> None:
    """Another site's form is refused though the browser sends the cookie; a question that is a program is text."""
    for path in PAGES:
        page = (await ann.get(path)).text
        assert "<script>alert" not in page
        assert "alert(1)" not in page or "&lt;script&gt;alert(1)" in page
        filled = {**fields_of(page), "do": "save"}
        assert filled.pop("csrftoken", "") or path.endswith("/answers"), path
        assert (await ann.send_form(path, filled)).status_code == 403, path
    assert ann.drafts.all() == []


async def test_a_passage_answers_a_gap(ann: Browser, knowledge: Path) -> None:
    """The wordings come ticked, the misspelling corrected and marked; saving makes a draft and writes no file."""
    page = (await ann.get(ANSWERS)).text
    filled = fields_of(page)
    texts = [value for name, value in filled.items() if name.startswith("wording-")]
    assert texts == ["who signed the spa town deal", "spa town deal on 7 June", EVIL]
    assert "changed" in page
    assert "+  - who signed the spa town deal" in page
    response = await ann.send(ANSWERS)
    assert response.status_code == 303
    assert response.headers["location"] == "/review/drafts"
    [draft] = ann.drafts.all()
    assert draft.act == AddQuestions(
        "deals/memorandum", (("en", "who signed the spa town deal"), ("en", "spa town deal on 7 June"))
    )
    assert (draft.author, draft.gap, len(draft.question_ids)) == ("Ann", 1, 2)
    assert "spa town" not in (knowledge / "deals" / "memorandum.md").read_text()


async def test_a_draft_is_tried_with_one_click(ann: Browser) -> None:
    """Saving and trying leads to the drafts, where the result appears: the passage answers the ticked questions."""
    response = await ann.send(ANSWERS, do="try")
    assert response.headers["location"] == "/review/drafts"
    publisher = ann.pages.review.publisher

    def ended() -> bool:
        progress = publisher.progress()
        return progress is not None and not progress.running

    await until(ended, seconds=240)
    progress = publisher.progress()
    assert progress is not None
    assert (progress.author, progress.problem) == ("Ann", None)
    assert publisher.tried() is not None
    assert "deals/memorandum" in (await ann.get("/review/drafts")).text


async def test_passages_are_chosen_and_searched(ann: Browser) -> None:
    """Without a passage the page shows those the bot finds, with text; words find others."""
    assert "A memorandum on hydrogen was signed" in (await ann.get("/review/gaps/1/answers?q=hydrogen")).text
    found = (await ann.get("/review/gaps/1/answers")).text
    assert "?snippet=deals/roadmap" in found or "?snippet=deals%2Froadmap" in found


async def test_what_check_refuses_is_refused_in_the_form(ann: Browser) -> None:
    """The reason is told in words, what was typed is kept, and nothing is saved."""
    shown = fields_of((await ann.get(ANSWERS)).text)
    name = next(name for name in shown if name.startswith("wording-"))
    response = await ann.send(ANSWERS, **{name: "who is the trade envoy"})
    assert response.status_code == 400
    assert "is also a question of deals/memorandum" in response.text
    assert fields_of(response.text)[name] == "who is the trade envoy"
    assert ann.drafts.all() == []


async def test_a_redacted_question_is_not_taken_over(ann: Browser, small_data: Path) -> None:
    """It comes without a tick, and ticking it says why not."""
    ids = await ask(small_data, "ring +7 701 123 45 67 about the deal", gap=2)
    [number] = ids.values()
    path = "/review/gaps/2/answers?snippet=deals/memorandum"
    assert f"pick-{number}" not in fields_of((await ann.get(path)).text)
    response = await ann.send(path, **{f"pick-{number}": "1"})
    assert response.status_code == 400
    assert "data was removed" in response.text


async def test_html_is_not_taken_over(ann: Browser) -> None:
    """It comes without a tick, and ticking it says why not."""
    filled = fields_of((await ann.get(ANSWERS)).text)
    number = next(name.removeprefix("wording-") for name, value in filled.items() if value == EVIL)
    assert f"pick-{number}" not in filled
    response = await ann.send(ANSWERS, **{f"pick-{number}": "1"})
    assert response.status_code == 400
    assert "HTML is not allowed. Write" in response.text


async def test_questions_of_people_who_opted_out_meanwhile_stay_out(ann: Browser, small_data: Path) -> None:
    """Between opening the form and sending it, a person may have withdrawn."""
    filled = {**fields_of((await ann.get(ANSWERS)).text), "do": "save"}
    with closing(schema.open_log(small_data / "queries.db")) as connection:
        connection.execute(
            "INSERT INTO opt_outs SELECT person, time FROM questions WHERE question = 'spa town deal on 7 June'"
        )
    response = await ann.send_form(ANSWERS, filled)
    assert response.status_code == 400 or "spa town deal on 7 June" not in str(ann.drafts.all())
    assert "spa town deal on 7 June" not in str(ann.drafts.all())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/review/gaps/1/not-answered?snippet=deals/memorandum", DoesNotAnswer),
        ("/review/gaps/1/not-covered", NotCovered),
        ("/review/gaps/1/evaluation?snippet=-", KeepForEvaluation),
    ],
)
async def test_other_acts_on_wordings(ann: Browser, path: str, kind: type) -> None:
    """Each saves a draft of its kind with the ticked questions."""
    response = await ann.send(path)
    assert response.status_code == 303, response.text
    [draft] = ann.drafts.all()
    assert isinstance(draft.act, kind)
    assert len(draft.act.questions) == 2


async def test_a_gap_that_is_not_ours_stays_open_until_that_is_published(ann: Browser, small_data: Path) -> None:
    """A draft can be removed, and then nobody has decided anything."""
    await ann.send("/review/gaps/1/not-covered")
    with closing(schema.open_log(small_data / "queries.db")) as connection:
        assert [row["state"] for row in connection.execute("SELECT state FROM gaps")] == ["open"]


WRITTEN = {
    "topic": "deals",
    "title-en": "The spa town deal",
    "text-en": "The spa town deal was signed on 7 June 2025 by two mayors.",
    "source-1": "press",
    "as_of": "2025-06-07",
}


async def test_a_new_passage_in_one_form(ann: Browser, knowledge: Path) -> None:
    """The preview shows the file and the message; saving makes a draft that writes a whole passage."""
    path = "/review/gaps/1/write"
    preview = await ann.send(path, do="preview", **WRITTEN)
    assert "title: The spa town deal" in preview.text
    assert "left out" not in preview.text
    assert "<b>The spa town deal</b>" in preview.text
    assert ann.drafts.all() == []
    response = await ann.send(path, **WRITTEN)
    assert response.status_code == 303, response.text
    [change] = overlay(ann.drafts.all(), knowledge).changes
    assert change.path == knowledge / "deals" / "the-spa-town-deal.md"
    assert "draft" not in change.after
    assert "- who signed the spa town deal\n" in change.after


async def test_a_source_is_added_with_the_passage(ann: Browser, knowledge: Path) -> None:
    """Its id is made of the publisher and the month, and the register gets it with the same draft."""
    path = "/review/gaps/1/write"
    source = {"publisher": "The Spa Times", "source-title": "A deal: signed", "source-date": "2025-06-08"}
    response = await ann.send(path, **{**WRITTEN, "source-1": ""}, **source)
    assert response.status_code == 303, response.text
    changes = {change.path.name: change.after for change in overlay(ann.drafts.all(), knowledge).changes}
    assert "the-spa-times-2025-06:\n  publisher: The Spa Times\n" in changes["sources.yaml"]
    assert "sources: [the-spa-times-2025-06]" in changes["the-spa-town-deal.md"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("topic", "", "Choose a topic"),
        ("as_of", "June", "YYYY-MM"),
        ("source-1", "pres", "not in the register"),
        ("source-1", "", "needs a source"),
        ("title-en", "", "Write a title"),
        ("text-en", "", "Write the text"),
        ("text-en", "A <b>bold</b> claim was made in 2025.", "HTML is not allowed"),
        ("url", "example.org", "http://"),
        ("slug", "No Name", "hyphens"),
        ("slug", "roadmap", "there already"),
    ],
)
async def test_errors_stand_in_the_form(ann: Browser, field: str, value: str, reason: str) -> None:
    """What is wrong is said beside the field, and everything typed is kept."""
    given = {**WRITTEN, field: value}
    response = await ann.send("/review/gaps/1/write", **given)
    assert response.status_code == 400
    assert reason in response.text
    kept = fields_of(response.text)
    assert {name: kept.get(name, "") for name in given} == given
    assert ann.drafts.all() == []


async def test_characters_that_nobody_sees_are_left_out(ann: Browser, knowledge: Path) -> None:
    """They come with what is pasted, and would turn the text after them or make it no text."""
    pasted = {"title-en": "\u202eThe spa\u200b town deal", "text-en": f"\ufeff{WRITTEN['text-en']}\x00\u2069"}
    response = await ann.send("/review/gaps/1/write", **{**WRITTEN, **pasted, "questions-en": "spa\u200etown?"})
    assert response.status_code == 303, response.text
    [change] = overlay(ann.drafts.all(), knowledge).changes
    assert "title: The spa town deal\n" in change.after
    assert change.after.endswith(f"---\n{WRITTEN['text-en']}\n")
    assert change.after.isascii()


CORRECT = "/review/passages/deals/memorandum/correct"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("title", " \u200b", "Write something here"),
        ("text", "", "Write something here"),
        ("text", "x" * 100_000, "10,000 characters"),
        ("text", "Signed in <b>2023</b>.", "HTML is not allowed"),
        ("questions", "who is the trade envoy", "is also a question of"),
    ],
)
async def test_errors_of_a_correction_stand_in_the_form(ann: Browser, field: str, value: str, reason: str) -> None:
    """What is wrong is said, what was typed is kept, and nothing is saved."""
    response = await ann.send(CORRECT, **{field: value})
    assert response.status_code == 400
    assert reason in response.text
    assert fields_of(response.text)[field].strip() == value.strip(" \u200b")
    assert ann.drafts.all() == []


async def test_a_passage_is_corrected(ann: Browser, knowledge: Path) -> None:
    """Title, text and questions change; the rest of the file stays."""
    filled = fields_of((await ann.get(CORRECT)).text)
    assert filled["text"] == "A memorandum on hydrogen was signed in Astana in 2023."
    response = await ann.send(
        CORRECT, text="A memorandum on green hydrogen was signed in Astana in 2023.", questions="green hydrogen"
    )
    assert response.status_code == 303, response.text
    [draft] = ann.drafts.all()
    assert isinstance(draft.act, CorrectSnippet)
    assert (draft.act.added, draft.act.removed) == (("green hydrogen",), ("hydrogen agreement",))
    [change] = overlay([draft], knowledge).changes
    assert change.after == change.before.replace("on hydrogen", "on green hydrogen").replace(
        "hydrogen agreement", "green hydrogen"
    )


async def test_a_correction_for_a_gap_is_tried_with_its_questions(ann: Browser) -> None:
    """Whoever comes from a gap stays with it, in every language; its questions are asked when the draft is tried."""
    path = f"{CORRECT}?gap=1"
    form = (await ann.get(path)).text
    assert 'href="/review/gaps/1"' in form
    assert '?language=en&amp;gap=1" method="post"' in form
    await ann.send(path, title="Hydrogen: the memorandum")
    [draft] = ann.drafts.all()
    assert (draft.gap, len(draft.question_ids), draft.taken) == (1, len(ASKED), {})
    for wrong in ("?gap=99", "?gap=x", "?gap=-1"):
        assert (await ann.get(CORRECT + wrong)).status_code < 500


async def test_what_happened_stands_with_who_did_it(ann: Browser) -> None:
    """A gap tells every change of its own and of its drafts; a passage tells the drafts about it; readers see none."""
    await ann.send(ANSWERS)
    bob = Browser(ann.pages)
    await bob.sign_in("Bob")
    await bob.post("/review/drafts/remove", {"draft": "1"})
    await bob.post("/review/gaps/1/state", {"state": "will-not-cover", "note": "No."})
    await ann.post("/review/gaps/1/state", {"state": "open", "note": "No."})
    page = text_of((await ann.get("/review/gaps/1")).text)
    told = ("Opened again by Ann", "Marked as not to be covered: No. by Bob", "Removed: “The memorandum” answers 2")
    places = [page.index(each) for each in told]
    assert places == sorted(places)
    assert "Saved: “The memorandum” answers 2 questions by Ann" in page
    await ann.send(CORRECT, title="Hydrogen: the memorandum")
    assert "“The memorandum” corrected in English by Ann" in text_of(
        (await bob.get("/review/passages/deals/memorandum")).text
    )
    reader = Browser(ann.pages)
    assert "corrected" not in (await reader.get("/review/passages/deals/memorandum")).text
    assert "answers 2 questions" not in (await reader.get("/review/gaps/1")).text


async def test_a_text_changed_meanwhile_is_not_overwritten(ann: Browser, knowledge: Path) -> None:
    """The form says so, keeps what was typed, and shows the text as it is now."""
    path = knowledge / "deals" / "memorandum.md"
    filled = {**fields_of((await ann.get(CORRECT)).text), "do": "save", "text": "My own words on hydrogen."}
    path.write_text(path.read_text().replace("in 2023", "in May 2023"))
    response = await ann.send_form(CORRECT, filled)
    assert response.status_code == 400
    assert "Somebody changed the passage" in response.text
    assert "in May 2023" in response.text
    assert fields_of(response.text)["text"] == "My own words on hydrogen."
    assert ann.drafts.all() == []


async def test_a_form_is_filled_without_the_drafts_of_others(ann: Browser) -> None:
    """A form is filled with the files and one's own drafts."""
    await ann.send(CORRECT, title="Hydrogen: the memorandum")
    assert fields_of((await ann.get(CORRECT)).text)["title"] == "Hydrogen: the memorandum"
    bob = Browser(ann.pages)
    await bob.sign_in("Bob")
    assert fields_of((await bob.get(CORRECT)).text)["title"] == "The memorandum"


async def test_gaps_are_split_moved_and_merged(ann: Browser, small_data: Path) -> None:
    """Each leads to the gap that it made, and needs something to be chosen."""
    assert "Tick at least one" in (await ann.send("/review/gaps/1/split")).text
    page = fields_of((await ann.get("/review/gaps/1/split")).text)
    assert not any(name.startswith("pick-") for name in page)
    with closing(schema.open_log(small_data / "queries.db")) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM questions ORDER BY seq")]
    response = await ann.send("/review/gaps/1/split", **{f"pick-{ids[2]}": "1"})
    assert response.headers["location"] == "/review/gaps/2"
    response = await ann.send("/review/gaps/1/move", **{f"pick-{ids[1]}": "1"}, target="2")
    assert response.headers["location"] == "/review/gaps/2"
    assert "Choose a gap" in (await ann.send("/review/gaps/1/merge")).text
    response = await ann.send("/review/gaps/1/merge", number="2")
    assert response.headers["location"] == "/review/gaps/1"
    with closing(schema.open_log(small_data / "queries.db")) as connection:
        assert {row["gap"] for row in connection.execute("SELECT gap FROM gap_questions")} == {1}
