"""Interface texts that a knowledge folder brings: complete, and used for whoever reads there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fluent.syntax import FluentParser, FluentSerializer, ast

import bot
from bot.locales import Locales
from bot.messages.answers import snippet_html
from bot.messages.buttons import Place
from index.knowledge.profile import Profile, read_profile
from index.knowledge.snippet import Snippet, Source
from index.knowledge.yaml_lines import Problem
from tests.support.telegram_rules import check_text, units

FRENCH = Path(__file__).parents[1] / "folders" / "ebike-fr"
_SNIPPET = Snippet("essai", "fr", "", "Essai", "Tous les modèles s'essaient.", ((0, 28),), as_of="2026-03")


def test_a_phone_in_another_language_gets_the_interface_there_is() -> None:
    """The folder's own, else English."""
    french = read_profile(FRENCH, [])
    assert Locales(french, ["fr"]).texts("ru-RU").language == "fr"
    assert Locales(Profile(), ["de"]).texts("ru-RU").language == "en"


def test_labels_around_a_french_quote_are_french() -> None:
    """Also for a reader with English buttons."""
    french = read_profile(FRENCH, [])
    locales = Locales(french.model_copy(update={"languages": ("en", "fr")}), ["fr"])
    source = Source("essai", publisher="Le Monde", title="Essai", date="2026-03-05")
    snippet = replace(_SNIPPET, sources=(source, replace(source, id="autre")))
    html = snippet_html(snippet, None, locales.texts("en"), Place("test_bot"))
    assert "5 mars 2026" in html
    assert "Mise à jour\u00a0: mars 2026" in html
    assert "et 1 autre source" in html


def _messages(text: str) -> dict[str, set[str]]:
    """Return Fluent texts by name, with the arguments of each."""
    return {
        entry.id.name: set(re.findall(r"\$([a-z]+)", FluentSerializer().serialize_entry(entry)))
        for entry in FluentParser().parse(text).body
        if isinstance(entry, ast.Message)
    }


def test_the_french_texts_are_complete() -> None:
    """Every English text has its French one with the same arguments, which Telegram takes."""
    sections = (Path(bot.__file__).parent / "locales" / "en").glob("*.ftl")
    english = _messages("\n".join(section.read_text(encoding="utf-8") for section in sections))
    problems: list[Problem] = []
    profile = read_profile(FRENCH, problems)
    french = _messages(profile.texts["fr"])
    assert problems == []
    assert french == english
    texts = Locales(profile, ["fr"]).texts("fr")
    for name, arguments in french.items():
        for number in (1, 2):
            assert units(check_text(texts(name, **dict.fromkeys(arguments, number)))) <= 900
