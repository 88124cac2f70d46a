"""From each chart of the dashboard to the questions, or the passages, that are behind its figures."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response

from bot.review.links import first_day
from bot.review.web.frame import Routes

_QUESTIONS = {
    "questions": {},
    "answered": {"decision": "answer"},
    "down": {"feedback": "disliked"},
    "wishes": {"feedback": "wished"},
    "volume": {},
    "decisions": {},
    "languages": {},
}
"""What the questions behind a chart have in common, by the chart's name in ``datasette.yaml``."""
_OTHERS = {
    "latency": "/queries/latency",
    "quoted": "/review/passages?order=shown",
    "never": "/review/passages?order=never",
}


async def behind(datasette: Any, request: Any) -> Response:
    """Lead from a chart to what it counts, in the same days."""
    chart = request.url_vars["chart"]
    if chart in _OTHERS:
        return Response.redirect(_OTHERS[chart])
    if chart not in _QUESTIONS:
        raise NotFound(f"The dashboard has no chart {chart}.")
    which = {"since": first_day(request.args.get("days")), **_QUESTIONS[chart]}
    return Response.redirect(f"/review/questions?{urlencode(which)}")


ROUTES: Routes = [(r"^/-/dashboards/overview/(?P<chart>\w+)$", behind)]
