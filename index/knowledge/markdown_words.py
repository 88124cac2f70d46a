"""The tokens of a line of Markdown -> its words, with what is set off in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index.knowledge.markdown_syntax import CONTENTS, REMOVED
from index.knowledge.snippet import Mark, MarkKind
from index.knowledge.visible_text import VisibleText

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_EMOJI_NAME = re.compile(r"(?<![\w:]):[a-z0-9_+-]+:(?![\w:])")
_INLINE_QUERY = re.compile(r"(?:\$=|= *this\b)")
"""How the code of a query of Dataview begins."""
_NOTHING = frozenset({REMOVED, "image", "footnote_ref", "html_inline"})
_CODE = frozenset({"code_inline", "math_inline", "math_inline_double"})
_SPAN_KINDS = {"strong": MarkKind.BOLD, "em": MarkKind.ITALIC, "s": MarkKind.STRIKETHROUGH, "link": MarkKind.LINK}


def words_of(node: SyntaxTreeNode) -> VisibleText:
    """Return the words of a block that holds words alone."""
    tokens = [token for child in node.children if child.type == "inline" for token in child.to_tokens()]
    seen = (token for token in tokens if not CONTENTS.fullmatch(token.content))
    return _words([child for token in seen for child in token.children or ()])


def leads_within(node: SyntaxTreeNode) -> bool:
    """Tell whether a block is nothing but links to other places of its text: "Back to top"."""
    depth, has_link = 0, False
    inline = (each for child in node.children for each in child.to_tokens())
    for token in (token for each in inline for token in each.children or ()):
        if token.type == "link_open":
            if not str(token.attrGet("href") or "").startswith("#"):
                return False
            has_link = True
        depth += token.nesting if token.type.startswith("link_") else 0
        if not depth and any(map(str.isalnum, _shown(token))):
            return False
    return has_link


def one_line(text: VisibleText) -> VisibleText:
    """Return a text without the ends of its lines."""
    return replace(text, text=text.text.replace("\n", " "))


def _words(tokens: Sequence[Token]) -> VisibleText:
    pieces: list[str] = []
    marks: list[Mark] = []
    opened: list[tuple[int, str]] = []
    length, after_gap = 0, False
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        words = _shown(token)
        if words == "\n" and pieces:
            if pieces[-1] == "\n":
                continue  # <br> at the end of a line
            length -= len(pieces[-1]) - len(pieces[-1].rstrip(" "))
            pieces[-1] = pieces[-1].rstrip(" ")
        if token.type in _CODE:
            marks.append(Mark(length, length + len(words), MarkKind.CODE))
        elif edge == "open" and name in _SPAN_KINDS:
            opened.append((length, str(token.attrGet("href") or "")))
        elif edge == "close" and name in _SPAN_KINDS:
            start, url = opened.pop()
            if start < length and (name != "link" or _ADDRESS.fullmatch(url)):
                marks.append(Mark(start, length, _SPAN_KINDS[name], url))
        elif not words and token.type in _NOTHING:
            after_gap = not pieces or pieces[-1][-1:].isspace()
        if words := words.lstrip(" ") if after_gap else words:
            after_gap = False
            pieces.append(words)
            length += len(words)
    marks.sort(key=lambda mark: (mark.start, -mark.end))
    text = "".join(pieces)
    return VisibleText(text, tuple(marks)).part(0, len(text))


def _shown(token: Token) -> str:
    """Return what a reader sees of a token."""
    if token.type == "text":
        return _with_emoji(token.content)
    if token.type == "text_special":
        return token.content
    if token.type in _CODE:
        content = token.content if token.type == "code_inline" else token.content.strip("`")
        return "" if _INLINE_QUERY.match(content) else f"{token.markup}{content}{token.markup}".strip("`")
    return "\n" if token.type in ("softbreak", "hardbreak") or _BREAK.fullmatch(token.content) else ""


def _with_emoji(text: str) -> str:
    """Put emoji in place of their names, as GitHub does; what is no such name stays."""
    if not _EMOJI_NAME.search(text):
        return text
    from rich.emoji import Emoji

    return _EMOJI_NAME.sub(lambda name: Emoji.replace(name[0]), text)
