"""A text as its reader sees it, with what is set off in it; parts of it and texts joined of it keep their marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Mark, Span


@dataclass(frozen=True, slots=True)
class VisibleText:
    """A text without the signs of Markdown."""

    text: str
    marks: tuple[Mark, ...] = ()
    whole: tuple[Span, ...] = ()
    """Parts that are never split into sentences: blocks of code and rows of tables; ordered."""

    def __bool__(self) -> bool:
        """Tell whether a reader sees anything."""
        return bool(self.text)

    def part(self, start: int, end: int) -> VisibleText:
        """Return ``text[start:end]`` without the white space around it."""
        piece = self.text[start:end]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        marks = (
            mark._replace(start=max(mark.start, start) - start, end=min(mark.end, end) - start)
            for mark in self.marks
            if mark.start < end and mark.end > start
        )
        whole = ((max(a, start) - start, min(b, end) - start) for a, b in self.whole if a < end and b > start)
        return VisibleText(self.text[start:end], tuple(marks), tuple(whole))

    def as_whole(self) -> VisibleText:
        """Return the same text as one that is not split into sentences."""
        visible = self.text.strip()
        start = self.text.index(visible)
        return replace(self, whole=((start, start + len(visible)),)) if visible else self

    def sentences(self, language: str) -> tuple[Span, ...]:
        """Return the spans of the sentences of a text in ``language``."""
        spans: list[Span] = []
        done = 0
        for start, end in (*self.whole, (len(self.text), len(self.text))):
            spans += [(done + first, done + last) for first, last in split_sentences(self.text[done:start], language)]
            spans += [(start, end)] if start < end else []
            done = end
        return tuple(spans)


def joined(pieces: Iterable[tuple[str, VisibleText]]) -> VisibleText:
    """Join texts, each with what parts it from the one before; what parts the first is left out."""
    texts: list[str] = []
    marks: list[Mark] = []
    whole: list[Span] = []
    length = 0
    for between, piece in pieces:
        if not piece:
            continue
        if texts:
            texts.append(between)
            length += len(between)
        marks += [mark._replace(start=mark.start + length, end=mark.end + length) for mark in piece.marks]
        whole += [(start + length, end + length) for start, end in piece.whole]
        texts.append(piece.text)
        length += len(piece.text)
    return VisibleText("".join(texts), tuple(marks), tuple(whole))


def joined_by(between: str, pieces: Sequence[VisibleText]) -> VisibleText:
    """Join texts with the same characters between them."""
    return joined((between, piece) for piece in pieces)
