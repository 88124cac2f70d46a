"""Folders of other people, each served to somebody who does everything there is to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.telegram.handlers.profile import present
from index.search.decision import Decision
from index.search.index import Index
from tests.support.telegram_bench import GROUP, ME, Bench, Call
from tests.support.telegram_rules import parse

FOLDERS = Path(__file__).parents[1] / "folders"
EXPECTED = yaml.safe_load((FOLDERS / "expected.yaml").read_text(encoding="utf-8"))
_COMMANDS = ("start", "help", "about", "topics", "sources", "language", "privacy", "ask", "mydata", "forget", "nothing")
_FRENCH_WORDS = ("source ?", "qui a dit ça ?", "dis-m'en plus")
_ENGLISH_WORDS = ("source?", "who said that?", "tell me more")
_GERMAN_WORDS = ("Quelle?", "wer hat das gesagt?", "mehr dazu")
_FRENCH_TALK = {
    "Bonjour": "Bonjour",
    "Merci beaucoup, c'est très utile !": "Je vous en prie",
    "au revoir": "Au revoir",
    "qui t'a créé ?": "Responsable de ce bot",
    "est-ce officiel ?": "Oui, ces réponses",
    "who made you?": "Responsable de ce bot",
    "спасибо": "Je vous en prie",
}
_ENGLISH_TALK = {
    "hello": "Hello! Ask me about",
    "thanks, very helpful": "You are welcome",
    "bye": "Goodbye",
    "who made you?": "Who runs this bot",
    "what can you do?": "Ask me about",
    "how recent is your data?": "",
}
_GERMAN_TALK = {
    "Hallo": "Hello! Ask me about",
    "guten Tag": "Hello! Ask me about",
    "Vielen Dank, sehr hilfreich!": "You are welcome",
    "tschüss": "Goodbye",
    "wer hat dich gemacht?": "Who runs this bot is not stated",
}


@dataclass(frozen=True)
class Folder:
    """A folder, the language of its people's phones, and their words."""

    name: str
    language: str
    follow_ups: tuple[str, str, str]
    """What asks for the source, for the speaker, and for more."""
    talk: dict[str, str]
    """Small talk and questions about the bot, and how the replies begin."""


PLAYED = [
    Folder("ebike-fr", "fr", _FRENCH_WORDS, _FRENCH_TALK),
    Folder("club-en", "en", _ENGLISH_WORDS, _ENGLISH_TALK),
    Folder("plain-txt", "en", _ENGLISH_WORDS, _ENGLISH_TALK),
    Folder("club-de", "de", _GERMAN_WORDS, _GERMAN_TALK),
]


@dataclass
class Shown:
    """What the bot showed, by what it was shown for."""

    folder: Folder
    index: Index
    calls: dict[str, list[Call]]
    asked: dict[Decision, str]
    """A question for each decision."""

    def one(self, said: str) -> Call:
        """Return the message shown for something that was said or pressed."""
        return next(call for call in self.calls[said] if call.method in ("sendMessage", "editMessageText"))

    def visible(self) -> Iterator[tuple[str, str]]:
        """Yield every text that people see, with the call that shows it."""
        for said, calls in self.calls.items():
            for call in calls:
                yield from ((f"{said}: {call.method}", text) for text in _texts(call))


def _texts(call: Call) -> Iterator[str]:
    """Yield the texts that a call shows: messages, buttons, toasts, results, commands and names."""
    given = call.parameters
    for name in ("text", "caption", "name", "description", "short_description"):
        if isinstance(text := given.get(name), str):
            yield parse(text)[0] if call.method in ("sendMessage", "editMessageText") else text
    yield from (button["text"] for button in call.buttons)
    yield from (command["description"] for command in given.get("commands", []))
    if isinstance(button := given.get("button"), dict):
        yield button["text"]
    for result in given.get("results", []):
        yield from (result["title"], result["description"], parse(result["input_message_content"]["message_text"])[0])
        yield from (button["text"] for row in result["reply_markup"]["inline_keyboard"] for button in row)


def _person(folder: Folder) -> dict[str, Any]:
    return {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": folder.language}


async def _press_all(there: Bench, shown: Shown, said: str, starts: tuple[str, ...]) -> None:
    """Press the first button of each kind under a message."""
    call = shown.one(said)
    for start in starts:
        if any(str(button.get("callback_data", "")).startswith(start) for button in call.buttons):
            shown.calls[f"{said} {start}"] = await there.press(call, call.data(start))


async def _browse(there: Bench, shown: Shown) -> None:
    """From the topics to a passage and back; where there is one topic, its page comes first."""
    page = shown.one("/topics")
    for name, start in (("topic", "b"), ("passage", "r"), ("back", "b")):
        if name == "topic" and not any(button["callback_data"].startswith("b") for button in page.buttons[:1]):
            continue
        calls = await there.press(page, page.data(start))
        shown.calls[name] = calls
        page = shown.one(name)


async def do_everything(there: Bench, shown: Shown) -> None:
    """Do what people do, and note what they see."""
    folder = shown.folder
    for command in _COMMANDS:
        shown.calls[f"/{command}"] = await there.say(f"/{command}", language=folder.language)
    await _browse(there, shown)
    for question in shown.asked.values():
        shown.calls[question] = await there.say(question, language=folder.language)
        await _press_all(there, shown, question, ("v+", "a", "p", "n"))
    # The answer is the last quote again.
    await there.say(shown.asked[Decision.ANSWER], language=folder.language)
    for said in (*folder.follow_ups, *folder.talk):
        shown.calls[said] = await there.say(said, language=folder.language)
    for command in ("start", "help", "topics", "privacy"):
        said = f"/{command}@test_bot"
        shown.calls[said] = await there.say(said, language=folder.language, group=True)
    change = {"old_chat_member": {"user": ME, "status": "left"}, "new_chat_member": {"user": ME, "status": "member"}}
    group = {"id": GROUP, "type": "supergroup", "title": "Team"}
    member = {"chat": group, "from": _person(folder), "date": 1, **change}
    shown.calls["added"] = await there.take("my_chat_member", member)
    title = quoted_title(shown.index, shown.asked[Decision.ANSWER])
    for number, typed in enumerate(("", title[:4], shown.asked[Decision.ANSWER])):
        query = {"id": "1", "from": _person(folder), "query": typed, "offset": "", "chat_type": "private"}
        shown.calls[f"inline {number}"] = await there.take("inline_query", query)
    before = len(there.telegram.calls)
    locales = there.services.live_index.locales
    await present(there.application.bot, locales, shown.index.manifest)
    shown.calls["profile"] = [call for call in there.telegram.calls[before:] if call.method.startswith("set")]


def quoted_title(index: Index, question: str) -> str:
    """Return the title of the passage that answers a question."""
    return index.reply(question).answers[0].hits[0].snippet.title


def asked_by_decision(index: Index, folder: str) -> dict[Decision, str]:
    """Return the first question of each decision; of those that are answered, the ones that are answered right."""
    found: dict[Decision, str] = {}
    for entry in EXPECTED[folder]:
        answer = index.reply(entry["question"]).answers[0]
        if answer.decision is Decision.NONE or answer.hits[0].snippet.id == entry.get("id"):
            found.setdefault(answer.decision, entry["question"])
    return found
