"""What a question asks is found inside the words around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.question.frames import Core, core
from index.question.letters import clean
from tests.question.framed import BEFORE, BEHIND, QUESTIONS

CORES = [
    ("en", "Please could you tell me who signed the roadmap?", "who signed the roadmap?"),
    ("en", "Tell me who signed the roadmap", "who signed the roadmap?"),
    ("en", "I want to know why the UK wants critical minerals", "why the UK wants critical minerals?"),
    ("en", "who signed the roadmap can you tell me", "who signed the roadmap?"),
    ("en", "hiiii pleeease tell me who signed the roadmap", "who signed the roadmap?"),
    ("en", "helo plese tell me who signed the roadmap thankyou", "who signed the roadmap?"),
    (
        "en",
        "I am a student and I would like to know, if possible, when did Cardiff come? Thanks!",
        "when did Cardiff come?",
    ),
    ("en", "do you know if Kazakhstan has lithium", "Kazakhstan has lithium?"),
    ("en", "Which minerals, please, are critical?", "Which minerals are critical?"),
    ("en", "What does BGS actually do?", "What does BGS do?"),
    ("en", "My name is Tom and I work for a bank. Who signed the roadmap?", "Who signed the roadmap?"),
    ("en", "I am a student of geology. Who signed the roadmap?", "Who signed the roadmap?"),
    ("en", "I'm writing a report about trade, how much was traded in 2024?", "how much was traded in 2024?"),
    ("en", "I read about the roadmap of 2024. Who signed it?", "I read about the roadmap of 2024. Who signed it?"),
    ("en", "The roadmap was signed in London. Who signed it?", "The roadmap was signed in London. Who signed it?"),
    ("en", '"Who signed the roadmap?"', "Who signed the roadmap?"),
    ("en", "Question 2: who signed the roadmap", "who signed the roadmap?"),
    ("en", "Hi! 1. Who signed the roadmap?", "Who signed the roadmap?"),
    ("en", "Who signed it? I need it for my essay. Regards, Tom", "Who signed it?"),
    ("en", "can you tell me the price of copper", "the price of copper"),
    ("ru", "скажите кто подписал карту пожалуйста", "кто подписал карту?"),
    ("ru", "пожалуста подскажыте кто подписал карту", "кто подписал карту?"),
    ("ru", "добрый вечер подскажите в каком году открыли кампус спасибо", "в каком году открыли кампус?"),
    ("ru", "ну а кто, кстати, подписал карту", "кто подписал карту?"),
    ("ru", "Знаете ли вы, есть ли литий в Казахстане?", "есть ли литий в Казахстане?"),
    ("ru", "Пишу доклад о торговле, сколько составил товарооборот?", "сколько составил товарооборот?"),
    ("ru", "Я прочитал про карту 2024 года. Кто её подписал?", "Я прочитал про карту 2024 года. Кто её подписал?"),
    ("ru", "Привет, кто подписал карту", "кто подписал карту?"),
    ("kk", "уран канша ондирилди айтып жиберинизши", "уран канша ондирилди?"),
    ("kk", "менің атым Айгүл, студентпін, картаға кім қол қойғанын білгім келеді", "картаға кім қол қойғанын?"),
    ("kk", "Мен журналиспін. Картаға кім қол қойды?", "Картаға кім қол қойды?"),
    ("kk", "салеметсиз бе, картага ким кол койды, рахмет", "картага ким кол койды?"),
    ("kk", "Картаға, өтінемін, кім қол қойды?", "Картаға кім қол қойды?"),
]

ABOUT = [
    ("en", "Tell me about BGS", "BGS"),
    ("en", "tell me what BGS is", "BGS"),
    ("en", "what is BGS?", "BGS"),
    ("en", "What's the BGS", "BGS"),
    ("en", "what are critical minerals", "critical minerals"),
    ("en", "what is the Bank of England?", "Bank of England"),
    ("en", "who is kathy leach", "kathy leach"),
    ("en", "Who was Kathy Leach?", "Kathy Leach"),
    ("en", "What do you know about Lancaster House?", "Lancaster House"),
    ("en", "what does CMIC stand for?", "CMIC"),
    ("en", "I would like some information on rare earths, please", "rare earths"),
    ("en", "uranium?", "uranium"),
    ("en", "Kathy Leach", "Kathy Leach"),
    ("en", "Trade between UK and Kazakhstan", "Trade between UK and Kazakhstan"),
    ("ru", "Расскажите про BGS", "BGS"),
    ("ru", "Что такое BGS?", "BGS"),
    ("ru", "кто такая Кэти Лич?", "Кэти Лич"),
    ("ru", "Кэти Лич кто это", "Кэти Лич"),
    ("ru", "что вы знаете о Lancaster House?", "Lancaster House"),
    ("ru", "я студент. расскажите о британской геологической службе", "британской геологической службе"),
    ("ru", "что означает CMIC", "CMIC"),
    ("ru", "уран", "уран"),
    ("kk", "критикалық минералдар деген не", "критикалық минералдар"),
    ("kk", "критикалык минералдар дегенимиз не?", "критикалык минералдар"),
    ("kk", "BGS туралы айтып бер", "BGS"),
    ("kk", "Маған BGS туралы айтып беріңізші", "BGS"),
    ("kk", "Кэти Лич деген кім?", "Кэти Лич"),
    ("kk", "Кэти Лич кім", "Кэти Лич"),
    ("kk", "уран", "уран"),
]

WHOLE = [
    ("en", "What is the price of copper?"),
    ("en", "Who is the ambassador?"),
    ("en", "What is Kirsty Benham's job?"),
    ("en", "Could I export lithium without a licence?"),
    ("en", "Do I need to check the licence?"),
    ("en", "So far, how many agreements were signed?"),
    ("en", "Well-known mines: which are in Karaganda?"),
    ("en", "Who was first at the Cape of Good Hope?"),
    ("en", "17 or 22 billion, which is right?"),
    ("en", "What can you tell me?"),
    ("en", "Did the minister thank Britain?"),
    ("en", "Which models do we want to analyze?"),
    ("ru", "Какой был следующий шаг?"),
    ("ru", "Сколько нужно лития для батареи?"),
    ("ru", "Можно ли экспортировать литий?"),
    ("ru", "Работает ли БГС с Казахстаном?"),
    ("ru", "Интересна ли добыча выпускникам?"),
    ("ru", "Кто просил простить долг?"),
    ("kk", "Жастар неге салаға баруы керек?"),
    ("kk", "Жол картасының негізгі бағыттары қандай?"),
    ("kk", "Материалдар қаншалықты маңызды?"),
    ("kk", "Империяның негізін кім қалаған?"),
    ("kk", "Ескі магнитті қайта пайдаланудың қажеті не?"),
]

NOTHING = {
    "en": ["hi", "Hello!", "thank you", "Thanks a lot!", "great", "Great, thanks!", "no", "ok", "OK thanks", "bye",
           "yes", "how are you?", "good morning", "Sorry!", "please", "tell me", "lol", "👍", "...", "?", "", "cool"],
    "ru": ["привет", "Здравствуйте!", "спасибо", "Большое спасибо!", "да", "нет", "ок", "понятно, спасибо",
           "до свидания", "как дела?", "извините", "подскажите пожалуйста", "супер", "отлично!"],
    "kk": ["сәлем", "Сәлеметсіз бе!", "рахмет", "Көп рахмет!", "ракмет", "иә", "жоқ", "жарайды", "қалайсыз?",
           "кешіріңіз", "сау болыңыз", "түсінікті, рахмет", "айтып беріңізші"],
}  # fmt: skip


def lower(found: Core) -> tuple[str, bool]:
    return found.text.casefold(), found.about


@pytest.mark.parametrize(("language", "text", "asked"), CORES)
def test_the_words_around_a_question_go(language: str, text: str, asked: str) -> None:
    """Formal or not, mistyped, nested, without punctuation."""
    assert core(clean(text), language) == Core(asked, about=False)


@pytest.mark.parametrize(("language", "text", "thing"), ABOUT)
def test_a_question_about_a_thing_is_the_thing(language: str, text: str, thing: str) -> None:
    """However it is asked what or who that is."""
    assert core(clean(text), language) == Core(thing, about=True)


@pytest.mark.parametrize(("language", "text"), WHOLE)
def test_words_that_carry_what_is_asked_stay(language: str, text: str) -> None:
    """Also where they look like those that people put around a question."""
    assert core(clean(text), language) == Core(text, about=False)


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, texts in NOTHING.items() for text in texts]
)
def test_a_message_that_asks_nothing_is_empty(language: str, text: str) -> None:
    """Greetings, thanks and the like alone."""
    assert core(clean(text), language) == Core("", about=False)


@given(st.data())
@settings(max_examples=400)
def test_a_framed_question_asks_what_the_bare_one_does(data: st.DataObject) -> None:
    """Any words before and behind."""
    language = data.draw(st.sampled_from(sorted(QUESTIONS)))
    question = data.draw(st.sampled_from(QUESTIONS[language]))
    before = data.draw(st.sampled_from(["", *BEFORE[language]]))
    behind = data.draw(st.sampled_from(["", *BEHIND[language]]))
    # A sentence behind another is parted from it.
    mark = "." if behind[1:2].isupper() and question[-1].isalpha() else ""
    framed = f"{before}{question}{mark}{behind}"
    assert lower(core(clean(framed), language)) == lower(core(clean(question), language)), framed


@given(st.text() | st.lists(st.sampled_from("please very tell me the a , ? hi мен и скажите не".split())).map(" ".join))
def test_no_text_makes_it_raise_or_grow(text: str) -> None:
    """At most a question mark is added."""
    for language in ("en", "ru", "kk", "und"):
        assert len(core(text, language).text) <= len(text.strip()) + 1


@pytest.mark.parametrize("text", ["please " * 600, "i would very " * 300, "если можно " * 370, "и а ну " * 500])
def test_a_message_of_frames_alone_is_read_at_once(text: str) -> None:
    """Phrases repeat only so often, so no message makes the search explode."""
    assert isinstance(core(text, "en"), Core)
