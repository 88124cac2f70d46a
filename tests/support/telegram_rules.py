"""What Telegram refuses, for the stand-ins of the tests: markup, lengths, keyboards.

Rules: https://core.telegram.org/bots/api (formatting options, sendMessage, InlineKeyboardButton, answerInlineQuery).
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z]+)(?P<attributes>[^<>]*)>")
_ALLOWED = dict.fromkeys(("b", "i", "s", "code", "pre"), "")
_ALLOWED |= {"blockquote": r"(?: expandable)?", "a": r' href="[^"<>]+"'}
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);")


class RefusedError(Exception):
    """Telegram would not take this."""


def units(text: str) -> int:
    """Return the length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse(html: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text of Telegram HTML and its entities as (tag, text covered); refuse what Telegram refuses."""
    if len(html.encode("utf-8")) > 32 * 1024:
        raise RefusedError("more than 32 KiB before parsing")
    text, entities = "", []
    stack: list[tuple[str, int]] = []
    at = 0
    for tag in _TAG.finditer(html):
        text += _plain(html[at : tag.start()])
        at = tag.end()
        name = tag["name"]
        if name not in _ALLOWED:
            raise RefusedError(f"unsupported tag {tag[0]}")
        if tag["end"]:
            if not stack or stack[-1][0] != name:
                raise RefusedError(f"unmatched {tag[0]}")
            _, start = stack.pop()
            entities.append((name, text[start:]))
        else:
            if not re.fullmatch(_ALLOWED[name], tag["attributes"]):
                raise RefusedError(f"attributes of {tag[0]}")
            if name == "blockquote" and any(open_ == name for open_, _ in stack):
                raise RefusedError("nested blockquote")
            stack.append((name, len(text)))
    text += _plain(html[at:])
    if stack:
        raise RefusedError(f"{stack[-1][0]} is not closed")
    return text, entities


def _plain(piece: str) -> str:
    if "<" in piece or ">" in piece:
        raise RefusedError(f"bare angle bracket in {piece[:80]!r}")
    if "&" in _REFERENCE.sub("", piece):
        raise RefusedError(f"bare ampersand in {piece[:80]!r}")
    return unescape(piece)


def check_text(html: str) -> str:
    """Return the text of a message; refuse it as ``sendMessage`` would."""
    text, entities = parse(html)
    if not text.strip(" \n\t\r\u200b\u200c\u200d\u2060\ufeff\u00ad"):
        raise RefusedError("message text is empty")
    if units(text) > 4096:
        raise RefusedError(f"message is too long: {units(text)}")
    for name, covered in entities:
        if not covered.strip():
            raise RefusedError(f"{name} covers nothing")
    return text


def check_keyboard(markup: dict[str, Any] | None) -> None:
    """Refuse an inline keyboard as Telegram would."""
    rows = (markup or {}).get("inline_keyboard", [])
    if sum(map(len, rows)) > 100:
        raise RefusedError("more than 100 buttons")
    for button in (button for row in rows for button in row):
        if not button["text"].strip():
            raise RefusedError("a button without text")
        if len(set(button) - {"text"}) != 1:
            raise RefusedError(f"a button must do one thing: {button}")
        data = button.get("callback_data")
        if data is not None and not 1 <= len(data.encode()) <= 64:
            raise RefusedError(f"callback data of {len(data.encode())} bytes")


def check_call(method: str, parameters: dict[str, Any]) -> None:
    """Refuse a call as Telegram would."""
    if method in ("sendMessage", "editMessageText"):
        if not parameters.get("link_preview_options", {}).get("is_disabled"):
            raise RefusedError("messages have no preview of links")
        check_text(parameters["text"])
        check_keyboard(parameters.get("reply_markup"))
    if method == "answerCallbackQuery" and units(parameters.get("text", "")) > 200:
        raise RefusedError("a toast of more than 200")
    if method == "answerInlineQuery":
        results = parameters["results"]
        names = [result["id"] for result in results]
        if (
            len(results) > 50
            or len(set(names)) < len(names)
            or any(not 1 <= len(name.encode()) <= 64 for name in names)
        ):
            raise RefusedError("inline results")
        for result in results:
            check_text(result["input_message_content"]["message_text"])
            check_keyboard(result.get("reply_markup"))


def parameters_of(given: dict[str, str]) -> dict[str, Any]:
    """Return the parameters of a call as values: Telegram takes objects and numbers as JSON in form fields."""
    parsed: dict[str, Any] = {}
    for name, value in given.items():
        try:
            parsed[name] = (
                value
                if name in ("text", "query", "callback_query_id", "inline_query_id", "next_offset")
                else json.loads(value)
            )
        except ValueError:
            parsed[name] = value
    return parsed
