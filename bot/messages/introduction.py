"""What the bot says of itself, from ``bot.yaml`` or else from the topics; no text here names a subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from bot.locales import Texts, language_name
from bot.messages.buttons import Place
from bot.messages.telegram_text import safe, topic_title, units
from index.knowledge.profile import Profile
from index.knowledge.snippet import Topic
from index.search.index import Index
from index.version.manifest import Manifest

_NAMED_TOPICS = 6
_LOOKED_AT, _TITLE_UNITS = 30, 40
"""How many snippets are looked through for titles to name, and how long one may be, in UTF-16 code units."""
_HELP_COMMANDS = ("topics", "sources", "language", "about", "privacy")


def given(values: Mapping[str, str], language: str) -> str:
    """Return a text of ``bot.yaml`` in a language; one that stands there alone holds for all. Else nothing."""
    return values.get(language) or (next(iter(values.values())) if len(values) == 1 else "")


def named_topics(index: Index, language: str) -> Sequence[Topic]:
    """Return the topics; where there are none, titles of snippets in their place, as far as they are no questions."""
    if index.topics:
        return index.topics
    found = (index.snippet(snippet_id, language) for snippet_id in index.snippets.in_topic("")[:_LOOKED_AT])
    titles = [snippet.title for snippet in found if snippet and units(snippet.title) <= _TITLE_UNITS]
    return [Topic(title, {}) for title in dict.fromkeys(titles) if not title.endswith("?")]


def what_it_answers(profile: Profile, topics: Sequence[Topic], texts: Texts) -> str:
    """Return one sentence on what the bot can be asked: its subject, else its topics."""
    if subject := given(profile.subject, texts.language):
        return texts("ask-about", subject=escape(subject))
    if not topics:
        return texts("ask-texts")
    titles = [safe(topic_title(topic, texts.language), topic.id, 100) for topic in topics[:_NAMED_TOPICS]]
    listed = ("; " if any("," in title for title in titles) else ", ").join(titles)
    return texts("ask-topics-more" if len(topics) > _NAMED_TOPICS else "ask-topics", topics=listed)


def claim(manifest: Manifest, texts: Texts) -> str:
    """Return what an answer is: whose words, and what they rest on."""
    return texts("claim-sources" if manifest.sources else "claim")


def welcome(manifest: Manifest, topics: Sequence[Topic], texts: Texts, *, examples: bool) -> str:
    """Return what people read first in a private chat; ``examples`` stand as buttons below it."""
    profile = manifest.profile
    name = given(profile.name, texts.language)
    greeting = escape(given(profile.greeting, texts.language)) or what_it_answers(profile, topics, texts)
    return "\n\n".join(
        [
            f"<b>{escape(name)}</b>\n{greeting}" if name else greeting,
            claim(manifest, texts),
            texts("start-try" if examples else "start-write"),
        ]
    )


def group_note(manifest: Manifest, topics: Sequence[Topic], texts: Texts, username: str, *, recorded: bool) -> str:
    """Return what a group reads when the bot is added: what it answers, how to ask, what it reads and records."""
    return "\n\n".join(
        [
            f"{texts('group-hello')} {what_it_answers(manifest.profile, topics, texts)}",
            texts("group-how", username=username),
            texts("group-recorded" if recorded else "group-not-recorded"),
        ]
    )


def commands_for(manifest: Manifest, languages: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Return those of the commands that have something to show here."""
    without = {name for name, exists in (("sources", manifest.sources), ("language", len(languages) > 1)) if not exists}
    return [name for name in names if name not in without]


def help_text(manifest: Manifest, texts: Texts, place: Place, languages: Mapping[str, str]) -> str:
    """Return how to ask, and the commands that exist; ``languages`` are those of buttons and notes by code."""
    lines = [texts("help-title"), "", texts("help-here"), texts("help-group", username=place.username)]
    if place.inline:
        lines.append(texts("help-inline", username=place.username))
    lines += ["", claim(manifest, texts), texts("help-votes"), ""]
    for name in commands_for(manifest, languages, _HELP_COMMANDS):
        what = ", ".join(map(escape, languages.values())) if name == "language" else texts(f"command-{name}")
        lines.append(texts("help-command", name=name, what=what))
    return "\n".join(lines)


def about(manifest: Manifest, texts: Texts, newest: str | None) -> str:
    """Return what the bot is, who runs it, how much it knows and how recent that is; ``newest`` is an ISO 8601 date."""
    profile, language = manifest.profile, texts.language
    name = given(profile.name, language)
    lines = [f"<b>{escape(name)}</b>" if name else texts("about-title")]
    lines += [escape(given(profile.about, language)) or claim(manifest, texts), ""]
    if operator := profile.text("operator", language):
        lines.append(texts("about-operator", operator=escape(operator)))
    if official := profile.text("official", language):
        lines.append(texts("about-official", official=escape(official)))
    if profile.contact:
        lines.append(texts("about-contact", contact=escape(profile.contact)))
    counts = [texts("topic-count", count=manifest.counts["snippets"])]
    counts += [texts("about-topics", count=len(manifest.topics))] if manifest.topics else []
    counts += [texts("about-sources", count=len(manifest.sources))] if manifest.sources else []
    lines.append(", ".join(counts))
    if languages := ", ".join(escape(language_name(each)) for each in manifest.languages if each != "und"):
        lines.append(texts("about-languages", languages=languages))
    if newest:
        lines.append(texts("about-newest", date=escape(texts.date(newest))))
    lines.append(texts("about-published", date=escape(texts.date(manifest.built[:10]))))
    lines.append(texts("about-version", version=escape(manifest.version)))
    return "\n".join(lines)


def how_to_ask(texts: Texts, example: str | None) -> str:
    """Return how to use /ask."""
    return texts("ask-usage", example=escape(example)) if example else texts("ask-usage-plain")
