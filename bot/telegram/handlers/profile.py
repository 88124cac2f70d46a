"""How the bot presents itself in Telegram: commands (the menu), name, descriptions; in each interface language."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeDefault, MenuButtonCommands
from telegram.error import TelegramError

from bot.locales import Locales, Texts
from bot.messages.introduction import commands_for
from index.version.manifest import Manifest

logger = logging.getLogger(__name__)

PRIVATE_COMMANDS = ("topics", "sources", "language", "help", "about", "privacy", "mydata", "forget")
GROUP_COMMANDS = ("ask", "topics", "help", "privacy")


async def present(bot: Bot, locales: Locales, manifest: Manifest) -> None:
    """Set commands, and what ``bot.yaml`` says of the bot, where they are not so; failures are left to the next start.

    What ``bot.yaml`` leaves out stays as it was set with @BotFather.
    """
    profile, steps = manifest.profile, [_menu(bot)]
    for language in locales.languages:
        # What people with any other language see is in the language that comes first.
        first = language == locales.default
        code = None if first else language
        names = tuple(commands_for(manifest, locales.languages, PRIVATE_COMMANDS))
        steps.append(_commands(bot, locales.texts(language), code, names))
        for field, set_to in (
            ("name", _name),
            ("description", _description),
            ("short_description", _short_description),
        ):
            values: Mapping[str, str] = getattr(profile, field)
            if wanted := profile.text(field, language) if first else values.get(language):
                steps.append(set_to(bot, wanted, code))
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, TelegramError):
            logger.warning("The bot's profile could not be set: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome


async def _commands(bot: Bot, texts: Texts, code: str | None, private: Iterable[str]) -> None:
    for scope, names in ((BotCommandScopeDefault(), private), (BotCommandScopeAllGroupChats(), GROUP_COMMANDS)):
        wanted = tuple(BotCommand(name, texts(f"command-{name}")) for name in names)
        if await bot.get_my_commands(scope, language_code=code) != wanted:
            await bot.set_my_commands(wanted, scope, language_code=code)


async def _menu(bot: Bot) -> None:
    # It has no language of its own: the commands it opens do. Setting it again does no harm.
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())


async def _name(bot: Bot, wanted: str, code: str | None) -> None:
    # Telegram takes few changes of a name a day.
    if (await bot.get_my_name(language_code=code)).name != wanted:
        await bot.set_my_name(wanted, language_code=code)


async def _description(bot: Bot, wanted: str, code: str | None) -> None:
    if (await bot.get_my_description(language_code=code)).description != wanted:
        await bot.set_my_description(wanted, language_code=code)


async def _short_description(bot: Bot, wanted: str, code: str | None) -> None:
    if (await bot.get_my_short_description(language_code=code)).short_description != wanted:
        await bot.set_my_short_description(wanted, language_code=code)
