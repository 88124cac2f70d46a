"""What typing and copying do to letters is repaired, and what a person meant stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.question.letters import clean

TYPED = [
    ("urani\u200bum out\u00adput", "uranium output"),
    ("\u202buranium\u202c output\ufeff", "uranium output"),
    ("what\u00a0is\u2009BGS", "what is BGS"),
    ("Yerlan\u02bcs plan", "Yerlan's plan"),
    ("Yerlan’s plan", "Yerlan's plan"),
    ("Yerlan`s plan", "Yerlan's plan"),
    ("Yerlan´s plan", "Yerlan's plan"),
    ("«уран» и „медь“", '"уран" и "медь"'),
    ("“zinc”", '"zinc"'),
    ("ｕｒａｎｉｕｍ １８", "uranium 18"),
    ("𝐮𝐫𝐚𝐧𝐢𝐮𝐦", "uranium"),
    ("Казахста\u0301н", "Казахстан"),
    ("и\u0306од", "йод"),
    ("who signed???", "who signed?"),
    ("who signed?!!", "who signed?"),
    ("who signed!?", "who signed?"),
    ("stop!!!", "stop!"),
    ("well....", "well…"),
    ("well,,, zinc", "well, zinc"),
    ("Кто подписал ?", "Кто подписал?"),
    ("zinc   and\t lead", "zinc and lead"),
    ("who?\r\n\r\nwhen?", "who?\nwhen?"),
    ("thanks 🙏🏽 who signed 🇰🇿", "thanks who signed"),
    ("1️⃣ who signed", "1) who signed"),
    ("who signed :)", "who signed"),
    ("спасибо)))", "спасибо"),
    ("zinc (and lead)", "zinc (and lead)"),
    ("1) zinc", "1) zinc"),
    ("a) zinc", "a) zinc"),
    # Latin letters in Cyrillic words, and the reverse.
    ("Kaзaxcтaн", "Казахстан"),
    ("дoрoжнaя кaртa", "дорожная карта"),
    ("yран", "уран"),
    ("Kтo пoдпиcaл", "Кто подписал"),
    ("бiлiм", "білім"),
    ("Қазақстанның бipiншi", "Қазақстанның біріншi".replace("i", "і")),
    ("uraniuм", "uranium"),
    ("сopper оutput", "copper output"),
    ("Саrdiff саmpus", "Cardiff campus"),
    ("mаrkеt", "market"),
    ("uraniυm", "uranium"),
    ("coρρer", "copper"),
    ("κобальт", "кобальт"),
    ("ѕtrategy", "strategy"),
    # Words made only of look-alikes, by their neighbours.
    ("кто и c кем подписал", "кто и с кем подписал"),
    ("в чём o договоре", "в чём о договоре"),
    ("what is СОР today", "what is COP today"),
    ("добыча cepa сегодня", "добыча сера сегодня"),
]

MEANT = [
    "Что подписал James Cleverly в Астане?",
    "кто такой Max Cooper",
    "что такое BBC и CEO",
    "Shell компаниясы Қазақстанда не істейді?",
    "Cardiff кампусы қашан ашылды?",
    "BGSтің басшысы кім?",
    "Встречались ли компании в формате B2B?",
    "Ұлыбританияның әңгімесі: өңір, һәм ғылым",
    "3.5% of U3O8",
    "α-spodumene λόγος",
    "What is fully understood about γδ T cells?",
    "№ 5, 20 °C, £1,000",
    "Tau-Ken Samruk (state-owned)",
    "uranium",
    "",
]


@pytest.mark.parametrize(("typed", "meant"), TYPED)
def test_letters_are_repaired(typed: str, meant: str) -> None:
    """Invisible characters, other forms of a letter, look-alikes, repeated marks and emoji."""
    assert clean(typed) == meant


@pytest.mark.parametrize("text", MEANT)
def test_what_was_meant_stays(text: str) -> None:
    """Names in other letters, Kazakh letters, formulas and signs."""
    assert clean(text) == text


LETTERS = st.text(alphabet="aceopxykmtABEKMHOPCTXZ аеорсухікмтАВЕКМНОРСТХЗғқ αορνβδ .,?!…'`:;)(🙏\u200b\u02bc\n12")


@given(st.text() | LETTERS)
def test_cleaning_twice_changes_no_more(text: str) -> None:
    """No text makes it raise, and it grows at most by the forms that stand for several letters."""
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= 20 * len(text)


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщыэюяәғқңөұүіh ", max_size=60).map(lambda text: f"жана {text} гүлде"))
def test_look_alikes_are_read_as_the_clean_spelling(text: str) -> None:
    """Latin letters for those of a Cyrillic text, in words with a letter that has no Latin look-alike."""
    words = [word for word in text.split() if set(word) & set("бдёжзлфцшщэюяғқңө") and "h" not in word]
    spelled = " ".join(["жана", *words])
    assert clean(spelled.translate(str.maketrans("аеорсухі", "aeopcyxi"))) == spelled
