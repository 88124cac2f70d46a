"""Presses on buttons: find out what one means, answer the press, then change or send a message."""

from __future__ import annotations

from telegram import CallbackQuery, InlineKeyboardMarkup, Update

from bot.locales import Texts
from bot.messages.answers import Rendered, next_snippet, single_snippet, sources_message
from bot.messages.buttons import Mark, parse, person_of, read_paging
from bot.messages.examples import example_behind
from bot.telegram.context import BotContext, Services
from bot.telegram.handlers import wishes
from bot.telegram.handlers.privacy import Reaction, react
from bot.telegram.handlers.questions import example
from bot.telegram.handlers.quote_questions import note_pressed
from bot.telegram.handlers.shown_quotes import ShownQuote
from bot.telegram.sending import Address

_OF_PAGES = {"browse", "read", "sources"}
_OF_OTHERS = {"vote", "add", "tell", "stop", "example", "next", "passage", "topic"}
"""Kinds of buttons under answers, refusals and greetings, which must not be lost."""


async def press(update: Update, context: BotContext) -> None:
    """Answer a press."""
    query, services = update.callback_query, context.services
    if query is None:
        return
    texts = context.texts()
    try:
        reaction = await _reaction(query, texts, services)
    except Exception:
        await services.sender.answer_press(query)
        raise
    await services.sender.answer_press(query, reaction.word, alert=reaction.alert, url=reaction.url)
    if reaction.question:
        await example(reaction.question, query, context)
    if reaction.message:
        shown = await _show(query, reaction.message, reaction.below, context)
        if reaction.quote and shown is not None:
            await note_pressed(reaction.quote, query, shown, services, browsing=reaction.browsing)


async def _reaction(query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    parsed = parse(query.data)
    if parsed is None:
        return Reaction(texts("button-stale"))
    kind, parts = parsed
    # Who asked tells what an answer is worth; each of these checks that it is they who pressed.
    of_the_asker = {"vote": _vote, "add": wishes.wish, "tell": wishes.tell}
    if kind in of_the_asker:
        return await of_the_asker[kind](parts, query, texts, services)
    if kind == "stop":
        return await wishes.stop(query, texts, services)
    if kind == "mine":
        return await react(parts["what"], query, services)
    if kind == "language":
        return await _choose_language(query, parts["code"], services)
    if kind == "next":
        return _next_snippet(query, parts, texts, services)
    if kind == "passage_sources":
        return _passage_sources(query, parts, texts, services)
    if kind == "example":
        question = example_behind(services.live_index.index, parts["key"])
        return Reaction(question=question) if question else Reaction(texts("button-stale"))
    return _page(kind, parts, query, services)


async def _vote(parts: dict[str, str], query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    """Record a vote if it comes from who asked; the same vote again takes it back."""
    entry, person = parts["entry"], query.from_user.id
    value = 1 if parts["value"] == "+" else -1
    if await services.state.vote_on(entry) == value:
        value = 0
    if person_of(parts) != person or not await services.log.vote(entry, person, value):
        return Reaction(texts("vote-not-yours"), alert=True)
    await services.state.remember_vote(entry, value)
    if reason := await _not_kept(person, services):
        return Reaction(texts(reason))
    return Reaction(texts({1: "vote-up", -1: "vote-down", 0: "vote-cleared"}[value]))


async def _not_kept(person: int, services: Services) -> str:
    """Return the name of the text that says why nothing of a person is kept; empty where it is."""
    if not services.settings.log:
        return "feedback-off"
    return "feedback-opted-out" if await services.log.opted_out(person) else ""


async def _choose_language(query: CallbackQuery, code: str, services: Services) -> Reaction:
    """Keep the language of a person; in a group the buttons stay for the others."""
    person, in_group = query.from_user, query.message is not None and query.message.chat.type != "private"
    if code != "auto" and code not in services.live_index.locales.languages:
        return Reaction(services.texts(person)("button-stale"))
    await services.state.choose_language(person.id, None if code == "auto" else code)
    done = services.texts(person)("language-set-auto" if code == "auto" else "language-set")
    return Reaction(done, None if in_group else Rendered(done))


def _next_snippet(query: CallbackQuery, parts: dict[str, str], texts: Texts, services: Services) -> Reaction:
    paging = read_paging(parts)
    if paging is None:
        return Reaction(texts("button-stale"))
    mark = paging.marks[paging.at]
    snippet = services.live_index.index.by_key(mark.key, paging.language)
    if snippet is None:
        return Reaction(texts("passage-gone"), alert=True)
    page = next_snippet(snippet, mark.span(snippet), _written_in(parts, texts, services), services.place, paging)
    # The votes belong to the question and stay: all rows but the first, which is the snippet's.
    before = getattr(query.message, "reply_markup", None)
    kept = before.inline_keyboard[1:] if before else ()
    rows = [*page.keyboard.inline_keyboard, *kept] if page.keyboard else list(kept)
    quote = ShownQuote.of(snippet, mark.span(snippet))
    return Reaction(message=Rendered(page.html, InlineKeyboardMarkup(rows)), quote=quote)


def _passage_sources(query: CallbackQuery, parts: dict[str, str], texts: Texts, services: Services) -> Reaction:
    """Return all sources of a snippet: below it, or in the private chat where the bot is not a member."""
    snippet = services.live_index.index.by_key(parts["key"], parts["language"])
    if snippet is None:
        return Reaction(texts("passage-gone"), alert=True)
    if query.inline_message_id:
        return Reaction(url=services.place.sources_link(snippet.key))
    return Reaction(message=sources_message(snippet, _written_in(parts, texts, services)), below=True)


def _page(kind: str, parts: dict[str, str], query: CallbackQuery, services: Services) -> Reaction:
    """Return the snippet or page that a button opens: in the place of the page under which it is, else below."""
    texts, below = _texts_of_page(parts, query, services), not _is_page(query)
    index, pages, number = services.live_index.index, services.pages, int(parts.get("page", 0))
    if kind == "sources":
        return Reaction(message=pages.sources_page(texts, number), below=below)
    if kind == "passage":
        mark = Mark.read(parts["mark"])
        if snippet := index.by_key(mark.key, parts["language"]):
            written, span = _written_in(parts, texts, services), mark.span(snippet)
            message = single_snippet(snippet, written, services.place, span)
            return Reaction(message=message, below=True, quote=ShownQuote.of(snippet, span))
        return Reaction(texts("passage-gone"), alert=True)
    if kind == "read":
        if snippet := index.by_key(parts["key"], texts.language):
            message, quote = pages.reading_page(snippet, texts, number), ShownQuote.of(snippet, None)
            return Reaction(message=message, below=below, quote=quote, browsing=True)
        return Reaction(texts("passage-gone"), alert=True)
    below = below or kind == "topic"
    if "key" not in parts:
        return Reaction(message=pages.topics_page(texts, number), below=below)
    if topic := pages.topic(parts["key"]):
        return Reaction(message=pages.topic_page(topic, texts, number), below=below)
    return Reaction(texts("topic-gone"), alert=True)


def _texts_of_page(parts: dict[str, str], query: CallbackQuery, services: Services) -> Texts:
    """Return the texts of the person; in a group, where a page is everybody's, those of the page."""
    message = query.message
    if message is None or message.chat.type == "private":
        return services.texts(query.from_user)
    return _written_in(parts, services.texts(query.from_user), services)


def _is_page(query: CallbackQuery) -> bool:
    """Return whether a button is under a page, whose place another page may take.

    An answer with its votes, a greeting with its examples, and a message that Telegram does not show any more are none.
    """
    if query.inline_message_id:
        return True
    keyboard = getattr(query.message, "reply_markup", None)
    buttons = [button for row in keyboard.inline_keyboard for button in row] if keyboard else []
    kinds = {parsed[0] for button in buttons if (parsed := parse(str(button.callback_data)))}
    return not kinds.isdisjoint(_OF_PAGES) and kinds.isdisjoint(_OF_OTHERS)


def _written_in(parts: dict[str, str], texts: Texts, services: Services) -> Texts:
    """Return the texts in the language in which a button's message was written, whoever presses it."""
    return services.live_index.locales.exactly(parts.get("interface", "")) or texts


async def _show(query: CallbackQuery, rendered: Rendered, below: bool, context: BotContext) -> int | None:
    """Show a message where the button is or below it; return its id, ``None`` if there is none to reply to."""
    sender, message = context.services.sender, query.message
    if query.inline_message_id:
        await sender.edit(None, query.inline_message_id, rendered, context.progress, urgent=True)
        return None
    if message is None:
        return None
    chat, message_id = message.chat.id, message.message_id
    if not below and await sender.edit(chat, message_id, rendered, context.progress, urgent=True):
        return message_id
    thread = message.message_thread_id if getattr(message, "is_topic_message", None) else None  # type: ignore[attr-defined]
    to = Address(chat, message_id if message.chat.type != "private" else None, thread)
    return await sender.send(to, rendered, context.texts(), context.progress, urgent=True)
