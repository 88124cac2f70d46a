"""Drafts are tried, published and undone; files and live version agree."""

from __future__ import annotations

import pytest

from bot.review.publishing import PublishError
from tests.support.publishing_desk import DRAFTED, GAP, WORDINGS, Desk


def test_a_try_tells_what_would_change_and_changes_nothing(desk: Desk, first_desk: Desk) -> None:
    """The gap's wordings are asked of both versions; the files, the live version and the draft stay as they are."""
    tried = desk.tried()
    assert {each.question for each in tried.of_drafts} == set(WORDINGS)
    print(tried)
    assert desk.live == tried.previous


def test_publish(desk: Desk) -> None:
    made = desk.publisher.publish("Anna", desk.tried().version)
    print(made.outcome, desk.gap)
    assert desk.agrees()
