"""Draw chats: the picture of the README, and the screens that people see, from real replies.

    python -m tests.draw_chat [--data DIR] [--screens DIR]

The bot answers, and this program draws what Telegram would get: ``tests/chat.svg``, and as text the screens in
``tests/screens``. With --screens it also draws each screen as a picture. SVG does not break lines, so the widths of
Helvetica's letters decide where a line ends. A test compares what is kept with what is drawn anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from bot.locales import texts_for
from bot.messages.answers import Frame, Rendered, answer_message
from bot.messages.buttons import AnswerRef, Place
from index.search.index import Index
from tests.support.screens import LANGUAGES, Screen, screens, written

PICTURE = Path(__file__).with_name("chat.svg")
QUESTION = "How much mining waste does Kazakhstan have?"
NAME = "partnership-bot"

SCREENS = Path(__file__).with_name("screens")

_WIDTH, _MARGIN, _PADDING = 420, 12, 12
_BUBBLE = 352
_SIZE, _LINE = 14.5, 20
_TIME_ROOM = 62
_INK, _LINK, _TIME = "#16191d", "#2273b9", "#8a949c"
_LETTERS = {
    222: "ijl’'|",
    278: " !,./:;I[]ft",
    333: "()-r“”",
    500: "cJksvxyz",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…—@▶",
    1300: "🗣📰📅🔗👍👎➕↗",
}
_WIDTHS = {letter: width for width, letters in _LETTERS.items() for letter in letters}
"""Widths in thousandths of the font size; digits and other letters are 556 wide, bold letters a little wider."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    link: bool = False

    @property
    def width(self) -> float:
        """How wide it is drawn."""
        return sum(_WIDTHS.get(letter, 556) for letter in self.text) * (1.06 if self.bold else 1.0) * _SIZE / 1000

    def drawn(self) -> str:
        """Return it as SVG."""
        weight = ' font-weight="bold"' if self.bold else ""
        slope = ' font-style="italic"' if self.italic else ""
        colour = f' fill="{_LINK}"' if self.link else ""
        return f"<tspan{weight}{slope}{colour}>{escape(self.text, quote=False)}</tspan>"


Line = list[Run]
_STYLES = {"b": "bold", "i": "italic", "a": "link", "code": "link"}


def line_width(line: Line) -> float:
    """Return how wide a line is drawn."""
    return sum(run.width for run in line)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of a message before it is broken, inside a quote or not."""

    runs: Line
    quoted: bool


class _Message(HTMLParser):
    """Telegram's HTML as paragraphs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.paragraphs = [Paragraph([], quoted=False)]
        self._style = Run("")
        self._quoted = False
        self.feed(html)
        self.close()
        self.paragraphs = [paragraph for paragraph in self.paragraphs if paragraph.runs]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._switch(tag, on=True)

    def handle_endtag(self, tag: str) -> None:
        self._switch(tag, on=False)

    def handle_data(self, data: str) -> None:
        for number, part in enumerate(data.split("\n")):
            if number:
                self.paragraphs.append(Paragraph([], self._quoted))
            if part:
                self.paragraphs[-1].runs.append(replace(self._style, text=part))

    def _switch(self, tag: str, *, on: bool) -> None:
        if tag == "blockquote":
            self._quoted = on
            self.paragraphs.append(Paragraph([], on))
        else:
            self._style = replace(self._style, **{_STYLES[tag]: on})


def broken(runs: Line, room: float) -> Iterator[Line]:
    """Yield the lines of a paragraph, none wider than ``room``."""
    line: Line = []
    for run in runs:
        for word in run.text.replace(" ", " \n").split("\n"):
            piece = replace(run, text=word)
            if line and line_width(line) + replace(piece, text=word.rstrip()).width > room:
                yield line
                line = []
            if line and replace(line[-1], text="") == replace(piece, text=""):
                line[-1] = replace(piece, text=line[-1].text + word)
            elif word:
                line.append(piece)
    if line:
        yield line


@dataclass
class Drawing:
    """A picture that grows downwards."""

    parts: list[str]
    y: float

    def text(self, x: float, line: Line) -> None:
        """Write a line and go to the next."""
        self.parts.append(f'<text x="{x:g}" y="{self.y + 15:g}">{"".join(run.drawn() for run in line)}</text>')
        self.y += _LINE


def _box(x: float, y: float, width: float, height: float, radius: float, look: str) -> str:
    """Return a rectangle with round corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {look}/>'


def chat(turns: Sequence[str | Rendered]) -> str:
    """Return a chat as SVG: what a person writes as text, what the bot shows as messages."""
    drawing, plain = Drawing([], 64), []
    for turn in turns:
        if isinstance(turn, str):
            _draw_question(drawing, turn)
            plain.append(turn)
        else:
            _draw_message(drawing, turn)
            lines = ("".join(run.text for run in paragraph.runs) for paragraph in _Message(turn.html).paragraphs)
            plain.append(" ".join(lines))
    height = drawing.y + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:g}"'
            f' viewBox="0 0 {_WIDTH} {height:g}" font-size="{_SIZE}" fill="{_INK}"'
            ' font-family="Helvetica, Arial, \'Liberation Sans\', sans-serif" role="img">',
            f"<title>{escape(' – '.join(plain), quote=False)}</title>",
            '<defs><linearGradient id="paper" x1="0" y1="0" x2="1" y2="1">'
            '<stop offset="0" stop-color="#cfe0b8"/><stop offset="1" stop-color="#86b7a6"/></linearGradient>'
            f'<clipPath id="card"><rect width="{_WIDTH}" height="{height:g}" rx="16"/></clipPath></defs>',
            f'<g clip-path="url(#card)"><rect width="{_WIDTH}" height="{height:g}" fill="url(#paper)"/>',
            f'<rect width="{_WIDTH}" height="52" fill="#ffffff"/>',
            '<path d="M22 19 l-7 7 7 7" fill="none" stroke="#2273b9" stroke-width="2.2" stroke-linecap="round"'
            ' stroke-linejoin="round"/>',
            '<circle cx="52" cy="26" r="17" fill="#4b8f8c"/>',
            '<text x="52" y="31.5" font-weight="bold" fill="#ffffff" text-anchor="middle">P</text>',
            f'<text x="80" y="23" font-weight="bold">{NAME}</text>',
            f'<text x="80" y="40" font-size="12.5" fill="{_TIME}">bot</text>',
            *drawing.parts,
            f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1:g}" rx="15.5" fill="none"'
            ' stroke="#7f9a94" stroke-opacity="0.55"/>',
            "</g></svg>",
            "",
        ]
    )


def _draw_question(drawing: Drawing, question: str) -> None:
    lines = list(broken([Run(question)], _BUBBLE - 2 * _PADDING))
    last = line_width(lines[-1]) + _TIME_ROOM
    beside = last <= _BUBBLE - 2 * _PADDING
    width = max([*map(line_width, lines), last if beside else 0]) + 2 * _PADDING
    x = _WIDTH - _MARGIN - width
    height = len(lines) * _LINE + 16 + (0 if beside else 14)
    drawing.parts.append(_box(x, drawing.y, width, height, 15, 'fill="#e9fbd3"'))
    bottom = drawing.y + height
    drawing.y += 8
    for line in lines:
        drawing.text(x + _PADDING, line)
    drawing.parts.append(
        f'<text x="{_WIDTH - _MARGIN - 10 - 19:g}" y="{bottom - 9:g}" font-size="11.5" fill="#5ba353"'
        ' text-anchor="end">14:02</text>'
        f'<path d="M{_WIDTH - _MARGIN - 25:g} {bottom - 13:g} l3.2 3.4 6.4 -7.4 m-1.2 7 l0.5 0.4 6.4 -7.4" fill="none"'
        ' stroke="#5ba353" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"/>'
    )
    drawing.y = bottom + 8


def _draw_message(drawing: Drawing, message: Rendered) -> None:
    top, at, x = drawing.y, len(drawing.parts), _MARGIN + _PADDING
    drawing.y += 9
    line: Line = []
    for paragraph in _Message(message.html).paragraphs:
        if paragraph.quoted:
            _draw_quote(drawing, paragraph.runs, x)
        else:
            for line in broken(paragraph.runs, _BUBBLE - 2 * _PADDING):
                drawing.text(x, line)
    beside = line_width(line) + _TIME_ROOM <= _BUBBLE - 2 * _PADDING
    drawing.y += 9 if beside else 17
    drawing.parts.append(
        f'<text x="{_MARGIN + _BUBBLE - 10:g}" y="{drawing.y - 9:g}" font-size="11.5" fill="{_TIME}"'
        ' text-anchor="end">14:02</text>'
    )
    drawing.parts.insert(at, _box(_MARGIN, top, _BUBBLE, drawing.y - top, 15, 'fill="#ffffff"'))
    drawing.y += 4
    for row in message.keyboard.inline_keyboard if message.keyboard else ():
        gap = 4
        width = (_BUBBLE - gap * (len(row) - 1)) / len(row)
        for number, button in enumerate(row):
            left = _MARGIN + number * (width + gap)
            drawing.parts.append(_box(left, drawing.y, width, 36, 9, 'fill="#31594f" fill-opacity="0.62"'))
            drawing.parts.append(
                f'<text x="{left + width / 2:g}" y="{drawing.y + 23:g}" font-size="13" font-weight="bold"'
                f' fill="#ffffff" text-anchor="middle">{escape(button.text, quote=False)}</text>'
            )
        drawing.y += 36 + gap


def _draw_quote(drawing: Drawing, runs: Line, x: float) -> None:
    top, at = drawing.y + 3, len(drawing.parts)
    width = _BUBBLE - 2 * _PADDING
    drawing.y = top + 6
    for line in broken(runs, width - 30):
        drawing.text(x + 12, line)
    drawing.y += 6
    height = drawing.y - top
    drawing.parts[at:at] = [
        _box(x, top, width, height, 5, 'fill="#2f8fd8" fill-opacity="0.1"'),
        _box(x, top, 3.5, height, 1.75, 'fill="#2f8fd8"'),
        f'<text x="{x + width - 17:g}" y="{top + 21:g}" font-size="22" font-weight="bold" fill="#2f8fd8">”</text>',
    ]
    drawing.y += 5


def draw(index: Index) -> str:
    """Ask the index the question and return the chat as SVG."""
    answer = index.answer(QUESTION)
    message = answer_message(answer, Frame(texts_for("en"), Place(NAME), AnswerRef("1", 1)), index.topics)
    return chat([QUESTION, message])


def draw_screens(found: Sequence[Screen], folder: Path) -> None:
    """Draw each screen as a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for screen in found:
        (folder / f"{screen.language}-{screen.name}.svg").write_text(chat(screen.turns), encoding="utf-8")


def main() -> None:
    """Draw the pictures and write the screens anew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--screens", type=Path, help="folder for a picture of each screen")
    given = parser.parse_args()
    with closing(Index.open(given.data)) as index:
        PICTURE.write_text(draw(index), encoding="utf-8")
    SCREENS.mkdir(exist_ok=True)
    for language in LANGUAGES:
        found = screens(given.data, language)
        (SCREENS / f"{language}.txt").write_text(written(found), encoding="utf-8")
        if given.screens:
            draw_screens(found, given.screens)


if __name__ == "__main__":
    main()
