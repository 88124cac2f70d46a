"""How the bot presents itself in Telegram: commands (the menu), descriptions; in each interface language."""

from __future__ import annotations

import asyncio
import logging

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeDefault, MenuButtonCommands
from telegram.error import TelegramError

from bot.locales import Locales, Texts

logger = logging.getLogger(__name__)

PRIVATE_COMMANDS = ("topics", "sources", "language", "help", "about", "privacy", "mydata", "forget")
GROUP_COMMANDS = ("ask", "topics", "help")


async def present(bot: Bot, locales: Locales) -> None:
    """Set commands and descriptions where they are not as they should be; what fails is left for the next start."""
    steps = [_menu(bot)]
    for language in locales.languages:
        # What people with any other language see is in the language that comes first.
        code = None if language == locales.default else language
        texts = locales.texts(language)
        steps += [_commands(bot, texts, code), _description(bot, texts, code), _short_description(bot, texts, code)]
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, TelegramError):
            logger.warning("The bot's profile could not be set: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome


async def _commands(bot: Bot, texts: Texts, code: str | None) -> None:
    for scope, names in (
        (BotCommandScopeDefault(), PRIVATE_COMMANDS),
        (BotCommandScopeAllGroupChats(), GROUP_COMMANDS),
    ):
        wanted = tuple(BotCommand(name, texts(f"command-{name}")) for name in names)
        if await bot.get_my_commands(scope, language_code=code) != wanted:
            await bot.set_my_commands(wanted, scope, language_code=code)


async def _menu(bot: Bot) -> None:
    # It has no language of its own: the commands it opens do. Setting it again does no harm.
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())


async def _description(bot: Bot, texts: Texts, code: str | None) -> None:
    if (await bot.get_my_description(language_code=code)).description != (wanted := texts("bot-description")):
        await bot.set_my_description(wanted, language_code=code)


async def _short_description(bot: Bot, texts: Texts, code: str | None) -> None:
    if (await bot.get_my_short_description(language_code=code)).short_description != (
        wanted := texts("bot-short-description")
    ):
        await bot.set_my_short_description(wanted, language_code=code)
