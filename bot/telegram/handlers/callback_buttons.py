"""Presses on buttons: find out what one means, answer the press, then change or send a message."""

from __future__ import annotations

from telegram import CallbackQuery, InlineKeyboardMarkup, Update, User

from bot.locales import Texts
from bot.messages.answers import Rendered, next_snippet, single_snippet, sources_message
from bot.messages.buttons import Mark, parse, person_of, read_paging
from bot.telegram.context import BotContext, Services
from bot.telegram.handlers import wishes
from bot.telegram.handlers.privacy import Reaction, react
from bot.telegram.sending import Address


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
    if reaction.message:
        await _show(query, reaction.message, reaction.below, context)


async def _reaction(query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    parsed = parse(query.data)
    if parsed is None:
        return Reaction(texts("button-stale"))
    kind, parts = parsed
    if kind == "vote":
        return await _vote(parts, query, texts, services)
    if kind == "add":
        return await wishes.wish(parts, query, texts, services)
    if kind == "tell":
        return await wishes.tell(parts, query, texts, services)
    if kind == "stop":
        return wishes.stop(query, texts, services)
    if kind == "mine":
        return await react(parts["what"], query, services)
    if kind == "language":
        return _choose_language(query.from_user, parts["code"], services)
    if kind == "next":
        return _next_snippet(query, parts, texts, services)
    if kind == "passage_sources":
        return _passage_sources(query, parts, texts, services)
    return _page(kind, parts, texts, services)


async def _vote(parts: dict[str, str], query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    """Record a vote if it comes from who asked; the same vote again takes it back."""
    entry, person = parts["entry"], query.from_user.id
    value = 1 if parts["value"] == "+" else -1
    if services.votes.get(entry) == value:
        value = 0
    if person_of(parts) != person or not await services.log.vote(entry, person, value):
        return Reaction(texts("vote-not-yours"), alert=True)
    services.votes.note(entry, value)
    if not services.settings.log:
        return Reaction(texts("feedback-off"))
    return Reaction(texts({1: "vote-up", -1: "vote-down", 0: "vote-cleared"}[value]))


def _choose_language(person: User, code: str, services: Services) -> Reaction:
    if code != "auto" and code not in services.live_index.locales.languages:
        return Reaction(services.texts(person)("button-stale"))
    services.state.choose_language(person.id, None if code == "auto" else code)
    done = services.texts(person)("language-set-auto" if code == "auto" else "language-set")
    return Reaction(done, Rendered(done))


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
    return Reaction(message=Rendered(page.html, InlineKeyboardMarkup(rows)))


def _passage_sources(query: CallbackQuery, parts: dict[str, str], texts: Texts, services: Services) -> Reaction:
    """Return all sources of a snippet: below it, or in the private chat where the bot is not a member."""
    snippet = services.live_index.index.by_key(parts["key"], parts["language"])
    if snippet is None:
        return Reaction(texts("passage-gone"), alert=True)
    if query.inline_message_id:
        return Reaction(url=services.place.sources_link(snippet.key))
    return Reaction(message=sources_message(snippet, _written_in(parts, texts, services)), below=True)


def _page(kind: str, parts: dict[str, str], texts: Texts, services: Services) -> Reaction:
    """Return the snippet or page that a button opens."""
    index, pages, number = services.live_index.index, services.pages, int(parts.get("page", 0))
    if kind == "sources":
        return Reaction(message=pages.sources_page(texts, number))
    if kind == "passage":
        mark = Mark.read(parts["mark"])
        if snippet := index.by_key(mark.key, parts["language"]):
            written = _written_in(parts, texts, services)
            return Reaction(message=single_snippet(snippet, written, services.place, mark.span(snippet)), below=True)
        return Reaction(texts("passage-gone"), alert=True)
    if kind == "read":
        if snippet := index.by_key(parts["key"], texts.language):
            return Reaction(message=pages.reading_page(snippet, texts, number))
        return Reaction(texts("passage-gone"), alert=True)
    if "key" not in parts:
        return Reaction(message=pages.topics_page(texts, number), below=kind == "topic")
    if topic := pages.topic(parts["key"]):
        return Reaction(message=pages.topic_page(topic, texts, number), below=kind == "topic")
    return Reaction(texts("topic-gone"), alert=True)


def _written_in(parts: dict[str, str], texts: Texts, services: Services) -> Texts:
    """Return the texts in the language in which a button's message was written, whoever presses it."""
    return services.live_index.locales.exactly(parts.get("interface", "")) or texts


async def _show(query: CallbackQuery, rendered: Rendered, below: bool, context: BotContext) -> None:
    sender, message = context.services.sender, query.message
    if query.inline_message_id:
        await sender.edit(None, query.inline_message_id, rendered, context.progress, urgent=True)
        return
    if message is None:
        return
    chat, message_id = message.chat.id, message.message_id
    if not below and await sender.edit(chat, message_id, rendered, context.progress, urgent=True):
        return
    thread = message.message_thread_id if getattr(message, "is_topic_message", None) else None  # type: ignore[attr-defined]
    to = Address(chat, message_id if message.chat.type != "private" else None, thread)
    await sender.send(to, rendered, context.texts(), context.progress, urgent=True)
