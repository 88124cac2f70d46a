"""The log's figures as one HTML file with its charts inside, for people who have no server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from bot.review import chart
from bot.review.tables import short_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bot.review.gap_store import Gap
    from bot.review.queries import Stats

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1, h2 { line-height: 1.2 }
h2 { margin-top: 2.5rem }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem }
dt { color: #666 }
dd { margin: 0; font-size: 1.6rem; font-weight: 600 }
svg { max-width: 100%; height: auto }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd }
td.number { text-align: right }
td.text { overflow-wrap: anywhere }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Makes sure that nothing is fetched or run, whatever the page holds."""


def html(figures: Stats, gaps: Sequence[Gap], unanswered: Iterable[sqlite3.Row]) -> str:
    """Return the page. Everything people typed is escaped; nothing is loaded from elsewhere.

    Raises:
        ImportError: matplotlib is not installed.
    """
    answered = figures.decisions.get("answer", 0)
    facts = {
        "questions": figures.questions,
        "people": figures.people,
        "answered": f"{answered / figures.questions:.0%}" if figures.questions else "-",
        "thumbs up / down": f"{figures.up} / {figures.down}",
        "asked to be added": figures.requests,
        "median latency": f"{figures.latency_ms['p50']:g} ms" if figures.latency_ms else "-",
        "95 % within": f"{figures.latency_ms['p95']:g} ms" if figures.latency_ms else "-",
    }
    definitions = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items()
    )
    parts = [f"<h1>What people asked</h1><p>{figures.since} to {figures.until} (UTC)</p><dl>{definitions}</dl>"]
    if figures.questions:
        parts.append(_svg(chart.volume(figures)))
        shares = _svg(chart.shares("Languages", figures.languages)) + _svg(chart.shares("Surfaces", figures.surfaces))
        parts.append(f'<div class="charts">{shares}</div>')
    parts.append("<h2>Gaps</h2>")
    parts.append(
        _table(
            ("gap", "people", "asked", "last (UTC)", "most typical question", "nearest passage"),
            [
                (
                    gap.id,
                    gap.people,
                    gap.questions,
                    short_time(gap.last),
                    gap.asked[0].text,
                    gap.nearest[0][0] if gap.nearest else "",
                )
                for gap in gaps
            ],
        )
    )
    parts.append("<h2>Newest unanswered questions</h2>")
    rows = [
        (short_time(row["time"]), row["decision"], row["language"], row["question"], row["snippet"] or "")
        for row in unanswered
    ]
    parts.append(_table(("time (UTC)", "decision", "language", "question", "nearest passage"), rows))
    parts.append("<h2>Most quoted passages</h2>" + _table(("passage", "times"), figures.quoted))
    parts.append(f"<h2>Passages never quoted</h2><p>{escape(', '.join(figures.never_quoted)) or 'None.'}</p>")
    title = f"Query log, {figures.since} to {figures.until}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :]


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{"number" if isinstance(cell, int) else "text"}">{escape(str(cell))}</td>' for cell in row
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return "<p>None.</p>"
    heading = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"
