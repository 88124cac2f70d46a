"""Several questions in one message come apart, and one stays whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.question.splitting import split_questions

ONE = [
    ("en", "Who signed it and when?"),
    ("en", "What is lithium and nickel output?"),
    ("en", "When and where was the memorandum signed?"),
    ("en", "How much uranium does Kazakhstan produce and how much does it export?"),
    ("en", "Hello! I am a student. Who signed the roadmap? Thanks!"),
    ("en", "Really? Who signed the roadmap?"),
    ("en", "The roadmap was signed in London. Who signed it?"),
    ("en", "When did Cardiff open\nits campus in Astana?"),
    ("en", "Which companies mine copper, zinc or lead?"),
    ("en", "Who signed the roadmap? And when?"),
    ("en", "Was the 2. draft signed"),
    ("en", "uranium"),
    ("en", "Thank you!"),
    ("en", ""),
    ("ru", "Кто подписал дорожную карту и когда?"),
    ("ru", "Где и когда подписали меморандум?"),
    ("ru", "Сколько лития и никеля добывает Казахстан?"),
    ("ru", "Здравствуйте! Подскажите, кто подписал карту? Спасибо!"),
    ("ru", "Что такое Met4Tech, и кто в него входит?"),
    ("kk", "Кім және қашан қол қойды?"),
    ("kk", "Сәлеметсіз бе! Жол картасына кім қол қойды? Рахмет!"),
    ("kk", "Қазақстанда литий мен никель қанша?"),
]

SEVERAL = [
    ("en", ["Who signed the roadmap?", "When did Cardiff open its campus?"], " "),
    ("en", ["When did Cardiff open its campus?", "How many students does it have?"], " "),
    ("en", ["Who signed the roadmap?", "What is BGS?", "Where is Kounrad?"], " "),
    ("en", ["1. Who signed the roadmap?", "2. What is BGS?", "3. Where is Kounrad?"], " "),
    ("en", ["1) uranium output", "2) lithium output"], "\n"),
    ("en", ["- uranium output", "- who is Kathy Leach"], "\n"),
    ("en", ["• what is BGS", "• when was CMIC founded"], "\n"),
    ("en", ["who signed the roadmap", "when did cardiff open its campus"], "\n"),
    ("en", ["Who signed the roadmap", "when did Cardiff open its campus in Astana?"], " and "),
    ("en", ["Who signed the roadmap", "what does BGS do in Kazakhstan?"], ", and also "),
    ("en", ["Who signed the roadmap?", "And also what is BGS?"], " "),
    ("en", ["The roadmap is of 2024. Who signed it?", "What is BGS?"], " "),
    ("ru", ["Кто такая Кэти Лич?", "Что такое BGS?"], " "),
    ("ru", ["Кто подписал дорожную карту?", "Когда её подписали?"], " "),
    ("ru", ["Кто подписал дорожную карту", "когда Cardiff открыл кампус в Астане?"], ", а также "),
    ("ru", ["Сколько урана добывает Казахстан", "в каком году Cardiff открыл кампус?"], ", и "),
    ("ru", ["1) кто подписал дорожную карту", "2) когда открыли кампус"], "\n"),
    ("ru", ["— уран", "— литий"], "\n"),
    ("kk", ["BGS деген не?", "Кэти Лич кім?"], " "),
    ("kk", ["Жол картасына кім қол қойды", "Cardiff кампусы қашан ашылды?"], " және "),
    ("kk", ["1. Жол картасына кім қол қойды?", "2. BGS деген не?"], " "),
    ("kk", ["жол картасына кім қол қойды", "кампус қашан ашылды"], "\n"),
]


@pytest.mark.parametrize(("language", "text"), ONE)
def test_one_question_stays_as_it_is(language: str, text: str) -> None:
    """Also with several question words, clauses that cannot be asked alone, and sentences that do not ask."""
    assert split_questions(text, language) == (text,)


@pytest.mark.parametrize(("language", "parts", "between"), SEVERAL)
def test_several_questions_come_apart(language: str, parts: list[str], between: str) -> None:
    """At question marks, lines, numbers and conjunctions, in their order."""
    assert split_questions(between.join(parts), language) == tuple(parts)


def test_what_is_told_belongs_to_a_question() -> None:
    """What stands before goes with the next question, what stands last with the one before."""
    text = "I have two questions:\n1) who signed the roadmap\n2) what is BGS\nThanks"
    first, second = split_questions(text, "en")
    assert first.endswith("1) who signed the roadmap") and first.startswith("I have")
    assert second == "2) what is BGS\nThanks"


QUESTIONS = st.lists(
    st.sampled_from(["Who signed the roadmap?", "What is BGS?", "Where is Kounrad?", "Thanks!", "zinc", "And when?"]),
    max_size=6,
)


@given(
    QUESTIONS.map(" ".join) | st.text(alphabet="ab?!. \n1)-ии") | st.text(), st.sampled_from(["en", "ru", "kk", "und"])
)
def test_no_word_is_lost(text: str, language: str) -> None:
    """The parts hold the letters of the message in order, except for conjunctions between them."""
    parts = split_questions(text, language)
    rest = iter(text)
    assert all(letter in rest for part in parts for letter in part if letter.isalnum())
    assert len(parts) >= 1
