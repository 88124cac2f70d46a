"""How the bot sets up its own profile in Telegram."""

from __future__ import annotations

import asyncio
from typing import Any

from telegram import Bot

from bot.locales import Locales
from bot.telegram.handlers.profile import present
from index.knowledge.profile import Profile
from index.search.index import Index
from tests.support.telegram_bench import TOKEN, Telegram

_GIVEN = {
    "getMyName": {"name": "From BotFather"},
    "getMyDescription": {"description": "Set with BotFather"},
    "getMyShortDescription": {"short_description": "Set with BotFather"},
    "getMyCommands": [],
}


class Profiled(Telegram):
    """A Telegram in which a bot has a profile already."""

    def _result(self, name: str, parameters: dict[str, Any]) -> Any:
        return _GIVEN[name] if name in _GIVEN else super()._result(name, parameters)


def presented(index: Index, profile: Profile, **changes: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that change something, by name."""
    telegram = Profiled()
    manifest = index.manifest.model_copy(update={"profile": profile, **changes})

    async def scenario() -> None:
        bot = Bot(TOKEN, "http://127.0.0.1:9", request=telegram, get_updates_request=telegram)
        await bot.initialize()
        await present(bot, Locales(profile, index.languages), manifest)

    asyncio.run(scenario())
    return [(call.method, call.parameters) for call in telegram.calls if call.method.startswith("setMy")]


def test_what_bot_yaml_leaves_out_stays_as_it_was_set_with_botfather(real_index: Index) -> None:
    """Only commands are set."""
    assert {name for name, _ in presented(real_index, Profile())} == {"setMyCommands"}


def test_name_and_descriptions_are_set_in_the_languages_that_have_them(real_index: Index) -> None:
    """The first language's for everybody, the others each for its own; a name that is right already is left alone."""
    profile = Profile(
        name={"en": "From BotFather", "ru": "Имя"},
        description={"en": "Long", "ru": "Длинно"},
        short_description={"kk": "Қысқа"},
    )
    found = [
        (
            name,
            parameters.get("language_code"),
            next(value for key, value in parameters.items() if key != "language_code"),
        )
        for name, parameters in presented(real_index, profile)
        if name != "setMyCommands"
    ]
    assert sorted(found, key=str) == [
        ("setMyDescription", "ru", "Длинно"),
        ("setMyDescription", None, "Long"),
        ("setMyName", "ru", "Имя"),
        ("setMyShortDescription", "kk", "Қысқа"),
        ("setMyShortDescription", None, "Қысқа"),
    ]


def test_the_menu_holds_only_commands_that_show_something(real_index: Index) -> None:
    """No /sources where no snippet names one, no /language where there is one language."""
    profile = Profile(languages=("en",))
    for name, parameters in presented(real_index, profile, sources=()):
        if name == "setMyCommands" and "group" not in str(parameters.get("scope")):
            assert {"sources", "language"}.isdisjoint(each["command"] for each in parameters["commands"])
