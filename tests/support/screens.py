"""The screens that people see, made by the real application from the project's own knowledge."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telegram import InlineKeyboardMarkup

from bot.messages.answers import Rendered
from bot.messages.hearing import answered_message
from index.search.index import Index
from tests.support.telegram_bench import Bench, Call, Json, run

LANGUAGES = ("en", "ru", "kk")

_CERTAIN = {
    "en": "How much mining waste does Kazakhstan have?",
    "ru": "Сколько в Казахстане отходов горнодобывающей отрасли?",
    "kk": "Қазақстанда қанша тау-кен қалдығы бар?",
}
_UNCERTAIN = {
    "en": "How much gold did the UK buy from Kazakhstan?",
    "ru": "Сколько студентов учится в Хериот-Уатт?",
    "kk": "Хериот-Уатт университетінде қанша студент оқиды?",
}
_REFUSED = {
    "en": "How much uranium did Kazakhstan export to China in 2019?",
    "ru": "Сколько рабочих на литиевых рудниках Казахстана?",
    "kk": "Литий кен орнының қоры қанша?",
}
_OFF_TOPIC = {
    "en": "Who won the football match yesterday?",
    "ru": "Кто вчера выиграл футбольный матч?",
    "kk": "Кеше футбол матчында кім жеңді?",
}
_FOLLOW_UPS = {
    "en": ("source?", "tell me more", "Thank you, that was very helpful"),
    "ru": ("источник?", "расскажи ещё", "Спасибо, очень помогли"),
    "kk": ("дереккөзі қандай?", "толығырақ айтшы", "Рақмет, көп көмектестіңіз"),
}
_ABOUT_THE_BOT = {
    "en": ("hello", "who made you?", "is this official?"),
    "ru": ("привет", "кто тебя сделал?", "это официальный бот?"),
    "kk": ("сәлем", "сені кім жасады?", "бұл ресми бот па?"),
}
_TYPED = {"en": "lith", "ru": "лит", "kk": "лит"}
_FIRST_RESULTS = 3
"""So many inline results are shown: the others fit a few letters equally well, and their order differs by processor."""
_ADDED = {"old_chat_member": "left", "new_chat_member": "member"}


@dataclass(frozen=True, slots=True)
class Screen:
    """A part of a chat: what a person writes as text, what the bot shows as messages."""

    name: str
    language: str
    turns: tuple[str | Rendered, ...]


def screens(data: Path, language: str) -> list[Screen]:
    """Return the screens in a language, over the index of a data folder."""
    made: list[Screen] = []

    async def scenario(bench: Bench) -> None:
        for name, play in _SCENES.items():
            await bench.services.conversations.forget(1)
            made.append(Screen(name, language, tuple(await play(bench, language))))

    with tempfile.TemporaryDirectory() as folder:
        index = Index.open(data)
        try:
            run(index, Path(folder), scenario)
        finally:
            index.close()
    return made


def written(made: Sequence[Screen]) -> str:
    """Return screens as one text: the HTML of each message, and its buttons in brackets."""
    parts = []
    for screen in made:
        lines = [f"=== {screen.name} ==="]
        for turn in screen.turns:
            if isinstance(turn, str):
                lines.append(f"> {turn}")
                continue
            lines.append(turn.html)
            rows = turn.keyboard.inline_keyboard if turn.keyboard else ()
            lines += [" ".join(f"[{button.text}]" for button in row) for row in rows]
            lines.append("")
        parts.append("\n".join(lines).rstrip() + "\n")
    return "\n".join(parts)


def _shown(call: Call) -> Rendered:
    markup = call.parameters.get("reply_markup")
    return Rendered(call.parameters["text"], InlineKeyboardMarkup.de_json(markup) if markup else None)


async def _say(bench: Bench, text: str, language: str, **more: object) -> list[str | Rendered]:
    calls = await bench.say(text, language=language, **more)
    return [text, *map(_shown, calls)]


async def _press(bench: Bench, call: Call, data: str, language: str) -> list[Call]:
    user = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": language}
    calls = await bench.press(call, data, **{"from": user})
    return [each for each in calls if each.method in ("sendMessage", "editMessageText")]


async def _chat(bench: Bench, texts: Sequence[str], language: str) -> list[str | Rendered]:
    return [turn for text in texts for turn in await _say(bench, text, language)]


async def _start(bench: Bench, language: str) -> list[str | Rendered]:
    return await _say(bench, "/start", language)


async def _private(bench: Bench, language: str) -> list[str | Rendered]:
    return await _chat(bench, [_CERTAIN[language], *_FOLLOW_UPS[language]], language)


async def _uncertain(bench: Bench, language: str) -> list[str | Rendered]:
    return await _say(bench, _UNCERTAIN[language], language)


async def _about_the_bot(bench: Bench, language: str) -> list[str | Rendered]:
    return await _chat(bench, _ABOUT_THE_BOT[language], language)


async def _refusal(bench: Bench, language: str) -> list[str | Rendered]:
    """A refusal, the wish, and what is sent when there is an answer."""
    [refused] = await bench.say(_REFUSED[language], language=language)
    [offer] = await _press(bench, refused, refused.data("a"), language)
    [noted] = await _press(bench, offer, offer.data("h"), language)
    texts = bench.services.live_index.locales.texts(language)
    answer = bench.services.live_index.index.answer(_CERTAIN[language], language)
    told = answered_message(_CERTAIN[language], answer, texts, bench.services.place)
    return [_REFUSED[language], *map(_shown, (refused, offer, noted)), told]


async def _off_topic(bench: Bench, language: str) -> list[str | Rendered]:
    return await _say(bench, _OFF_TOPIC[language], language)


async def _topics(bench: Bench, language: str) -> list[str | Rendered]:
    [topics] = await bench.say("/topics", language=language)
    [topic] = await _press(bench, topics, _first(topics), language)
    [passage] = await _press(bench, topic, _first(topic), language)
    return ["/topics", *map(_shown, (topics, topic, passage))]


def _first(call: Call) -> str:
    return str(call.buttons[0]["callback_data"])


async def _sources(bench: Bench, language: str) -> list[str | Rendered]:
    return await _say(bench, "/sources", language)


async def _about(bench: Bench, language: str) -> list[str | Rendered]:
    return [turn for text in ("/help", "/privacy") for turn in await _say(bench, text, language)]


async def _group(bench: Bench, language: str) -> list[str | Rendered]:
    user = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": language}
    me: Json = {"id": 123456, "is_bot": True, "first_name": "Bot", "username": "test_bot"}
    added = {name: {"user": me, "status": status} for name, status in _ADDED.items()}
    chat = {"id": -1001234567890, "type": "supergroup", "title": "Team"}
    calls = await bench.take("my_chat_member", {"chat": chat, "from": user, "date": 1, **added})
    note = [_shown(call) for call in calls if call.method == "sendMessage"]
    return [*note, *await _say(bench, f"/ask {_CERTAIN[language]}", language, group=True)]


async def _inline(bench: Bench, language: str) -> list[str | Rendered]:
    user = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": language}
    calls = await bench.take(
        "inline_query", {"id": "1", "from": user, "query": _TYPED[language], "offset": "", "chat_type": "private"}
    )
    [call] = [each for each in calls if each.method == "answerInlineQuery"]
    first = call.parameters["results"][:_FIRST_RESULTS]
    lines = [f"<b>{each['title']}</b>\n{each['description']}" for each in first]
    return [f"@test_bot {_TYPED[language]}", Rendered("\n".join(lines))]


_SCENES = {
    "start": _start,
    "private": _private,
    "about-the-bot": _about_the_bot,
    "uncertain": _uncertain,
    "refusal-and-hearing-back": _refusal,
    "off-topic": _off_topic,
    "topics": _topics,
    "sources": _sources,
    "help-and-privacy": _about,
    "group": _group,
    "inline": _inline,
}
