"""The wordings of a gap as they stand in a form."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("datasette", reason="needs the extra `review`")

from bot.review.gap_store import ranked
from bot.review.web.wording_rows import offered
from tests.support.review_pages import browsing, fill_from
from tests.support.small_knowledge import MakeKnowledge

ASKED = "who pays for the pipelines"


@pytest.mark.parametrize(("measuring", "problem"), [("It measures the bot.", "It measures the bot."), ("", "")])
async def test_an_evaluation_question_does_not_teach(
    small_data: Path, make_knowledge: MakeKnowledge, measuring: str, problem: str
) -> None:
    """It is shown with the reason, and not ticked, so that the others can be saved."""
    knowledge = make_knowledge()
    (knowledge / "evaluation.yaml").write_text(f"questions:\n  - question: {ASKED.upper()}!\n    answers: []\n")
    await fill_from(small_data)
    async with browsing(small_data, knowledge_dir=knowledge) as browser:
        review = browser.pages.review
        gap = await review.read(lambda log: ranked(log)[0])
        rows = await offered(review, gap, measuring=measuring)
    same = [row for row in rows.all if row.typed.lower().startswith(ASKED)]
    assert {(row.problem, row.picked) for row in same} == {(problem, not problem)}
