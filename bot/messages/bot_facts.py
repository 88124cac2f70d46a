"""Replies to small talk and to questions about the bot, from what the knowledge says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from bot.locales import Texts, language_name
from bot.messages.introduction import named_topics
from bot.messages.talk_phrases import TalkKind
from bot.messages.telegram_text import parsed_units, safe, topic_title
from index.search.index import Index

LONGEST = 400
"""UTF-16 code units of a reply."""
_TOPICS = 4
_CONTACT = 200


def talk_html(kind: TalkKind, index: Index, texts: Texts) -> str:
    """Return the reply to small talk or to a question about the bot, as HTML.

    Args:
        kind: What was said. A command in words is answered like a question for what can be asked.
        index: The knowledge; its profile may be empty.
        texts: The texts in the language of the reply.
    """
    if fact := _FACTS.get(kind):
        return _lines(fact(index, texts))
    if kind in _PLAIN:
        return texts(f"talk-{kind}")
    ask, named = what_to_ask(index, texts), kind if kind in _ASKING else TalkKind.ABILITIES
    if named is TalkKind.ABILITIES and not index.sources:
        return f"{ask} {texts('claim')}"
    return texts(f"talk-{named}", ask=ask)


def what_to_ask(index: Index, texts: Texts) -> str:
    """Return the sentence that says what can be asked: the subject, else some topics, as HTML."""
    if subject := index.profile.text("subject", texts.language).rstrip("."):
        return texts("ask-about", subject=escape(subject))
    named = named_topics(index, texts.language)
    titles = [safe(topic_title(topic, texts.language), topic.id, 60) for topic in named[:_TOPICS]]
    return texts("ask-about-topics", topics="; ".join(titles)) if titles else texts("ask-anything")


def _lines(lines: Iterable[str]) -> str:
    """Return the first of the lines, and those behind it that fit."""
    html = ""
    for line in lines:
        longer = f"{html}\n{line}" if html else line
        if line and (not html or parsed_units(longer) <= LONGEST):
            html = longer
    return html


def _maker(index: Index, texts: Texts) -> list[str]:
    operator = index.profile.text("operator", texts.language).rstrip(".")
    line = texts("bot-maker", operator=escape(operator)) if operator else texts("bot-maker-unknown")
    return [line, *_contact(index, texts)]


def _official(index: Index, texts: Texts) -> list[str]:
    official = index.profile.text("official", texts.language)
    return [escape(official) if official else texts("bot-official-unknown"), *_contact(index, texts)]


def _human(index: Index, texts: Texts) -> list[str]:
    return [texts("bot-human"), *(_contact(index, texts) or [texts("bot-no-contact")])]


def _contact(index: Index, texts: Texts) -> list[str]:
    contact = index.profile.contact
    return [texts("bot-contact", contact=safe(contact, limit=_CONTACT))] if contact else []


def _machine(index: Index, texts: Texts) -> list[str]:
    return [texts("bot-machine")]


def _recent(index: Index, texts: Texts) -> list[str]:
    newest = index.snippets.newest_date
    published = texts.date(str(index.manifest.built)[:10])
    line = texts("bot-newest-date", date=escape(texts.date(newest))) if newest else ""
    if not newest or not index.topics:
        return [line, texts("about-published", date=escape(published))]
    return [line, texts("bot-published", date=escape(published), topics=len(index.topics))]


def _languages(index: Index, texts: Texts) -> list[str]:
    known = sorted(index.languages, key=[*index.profile.languages, *index.languages].index)
    return [texts("bot-languages", languages=", ".join(escape(language_name(language)) for language in known))]


def _trust(index: Index, texts: Texts) -> list[str]:
    line = texts("bot-trust", sources=len(index.sources)) if index.sources else texts("bot-trust-unsourced")
    return [line, escape(index.profile.text("about", texts.language))]


def _identity(index: Index, texts: Texts) -> list[str]:
    about = escape(index.profile.text("about", texts.language))
    return [texts("bot-identity"), about, what_to_ask(index, texts)]


_FACTS: dict[TalkKind, Callable[[Index, Texts], list[str]]] = {
    TalkKind.MAKER: _maker,
    TalkKind.OFFICIAL: _official,
    TalkKind.MACHINE: _machine,
    TalkKind.HUMAN: _human,
    TalkKind.RECENT: _recent,
    TalkKind.LANGUAGES: _languages,
    TalkKind.TRUST: _trust,
    TalkKind.IDENTITY: _identity,
}
_PLAIN = frozenset(
    {
        TalkKind.READY,
        TalkKind.THANKS,
        TalkKind.OK,
        TalkKind.LAUGH,
        TalkKind.BYE,
        TalkKind.INSULT,
        TalkKind.COMPLAINT,
    }
)
_ASKING = frozenset({TalkKind.HELLO, TalkKind.HOW, TalkKind.ABILITIES})
