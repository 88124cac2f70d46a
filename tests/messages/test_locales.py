"""The interface texts: complete in every language, all of them used, within Telegram's limits."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot.locales import LANGUAGES, texts_for
from bot.locales.written_dates import date_in_words
from bot.messages.talk_phrases import TalkKind
from bot.telegram.handlers.profile import GROUP_COMMANDS, PRIVATE_COMMANDS
from tests.support.telegram_rules import check_text, units

CODE = Path(bot.__file__).parent


class Variables(Visitor):
    """Collects the arguments a text takes."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the library's name
        self.found.add(node.id.name)


def messages(language: str) -> dict[str, set[str]]:
    """Return the texts of a language by name, each with the arguments it takes."""
    sections = sorted((CODE / "locales" / language).glob("*.ftl"))
    resource = FluentParser().parse("\n".join(section.read_text("utf-8") for section in sections))
    assert not [entry for entry in resource.body if isinstance(entry, ast.Junk)], f"texts in {language} do not parse"
    found = {}
    for entry in resource.body:
        if isinstance(entry, ast.Message):
            variables = Variables()
            variables.visit(entry)
            assert entry.id.name not in found, f"{entry.id.name} is there twice"
            found[entry.id.name] = variables.found
    return found


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_language_has_every_text_with_the_same_arguments(language: str) -> None:
    """No text is missing, none is left over, and none takes other arguments than the English one."""
    assert messages(language) == messages("en")


def test_every_text_is_used_and_every_used_text_exists() -> None:
    """The names in the code and in the files are the same."""
    code = "\n".join(path.read_text("utf-8") for path in CODE.rglob("*.py"))
    names = set(messages("en"))
    used = {name for name in names if f'"{name}"' in code or f"'{name}'" in code}
    used |= {f"command-{name}" for name in (*PRIVATE_COMMANDS, *GROUP_COMMANDS)}
    used |= {f"talk-{kind}" for kind in TalkKind}
    assert names - used == set()
    asked = set(re.findall(r'\btexts\(\s*f?"([a-z-]+)"', code))
    assert asked - names == set()


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_text_is_html_telegram_takes(language: str) -> None:
    """With numbers for its arguments each text could be a message."""
    texts = texts_for(language)
    for name, arguments in messages(language).items():
        for number in (1, 2, 5, 21):
            check_text(texts(name, **dict.fromkeys(arguments, number)))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_profile_texts_keep_telegrams_limits(language: str) -> None:
    """Descriptions have at most 512 and 120 units, commands' descriptions 256, toasts 200."""
    texts = texts_for(language)
    assert units(texts("bot-description")) <= 512
    assert units(texts("bot-short-description")) <= 120
    for name in (*PRIVATE_COMMANDS, *GROUP_COMMANDS):
        assert units(texts(f"command-{name}")) <= 256
    for name in messages(language):
        if name.startswith(
            (
                "vote-",
                "wish-",
                "language-set",
                "passage-gone",
                "topic-gone",
                "button-stale",
                "feedback-off",
                "data-later",
            )
        ):
            assert units(texts(name)) <= 200


@pytest.mark.parametrize(
    ("written", "english", "russian", "kazakh", "kazakh_state"),
    [
        (
            "2024-03-12",
            "12 March 2024",
            "12 марта 2024\u202fг.",
            "2024\u202fж. 12 наурыз",
            "2024\u00a0жылғы\u00a012\u00a0наурыздағы",
        ),
        (
            "2024-09",
            "September 2024",
            "сентябрь 2024\u202fг.",
            "2024\u202fж. қыркүйек",
            "2024\u00a0жылғы\u00a0қыркүйектегі",
        ),
        ("2024", "2024", "2024\u00a0год", "2024\u202fж.", "2024\u00a0жылғы"),
        ("soon", "soon", "soon", "soon", "soon"),
    ],
)
def test_dates_are_in_words(written: str, english: str, russian: str, kazakh: str, kazakh_state: str) -> None:
    """A date may lack day and month, and may be no date at all; before a noun Kazakh has another form of it."""
    assert texts_for("en").date(written) == texts_for("en").date(written, attributive=True) == english
    assert texts_for("ru").date(written) == texts_for("ru").date(written, attributive=True) == russian
    assert texts_for("kk").date(written) == kazakh
    assert texts_for("kk").date(written, attributive=True) == kazakh_state


@given(st.dates(), st.sampled_from(["en", "ru", "kk", "fr", "xx", "not a locale"]), st.sampled_from([4, 7, 10]))
def test_any_date_can_be_said_in_any_language(day: date, language: str, length: int) -> None:
    """A language whose dates nobody knows gets English ones; the year is in each."""
    written = day.isoformat()[:length]
    for attributive in (False, True):
        assert str(day.year) in date_in_words(written, language, attributive)


def test_plurals_follow_the_language() -> None:
    """Russian has three forms of a number's noun."""
    texts = texts_for("ru")
    assert [texts("topic-count", count=count).split()[1] for count in (1, 3, 5, 21)] == [
        "текст",
        "текста",
        "текстов",
        "текст",
    ]


def test_an_unknown_language_falls_back_to_the_next_then_to_english() -> None:
    """The first preference there are texts for counts; regions do not matter."""
    assert texts_for("de", "ru-RU").language == "ru"
    assert texts_for(None, "").language == "en"


def test_a_name_that_does_not_exist_is_an_error() -> None:
    """A typing error in a name does not pass unnoticed."""
    with pytest.raises(KeyError, match="no-such-text"):
        texts_for("en")("no-such-text")
