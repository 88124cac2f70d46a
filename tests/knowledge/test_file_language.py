"""The language of a folder is that of most of its files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from index.knowledge.file_language import language_of
from index.text.language import UNKNOWN

ROOT = Path(__file__).parents[2]
ENGLISH = "The club opens at nine in the morning, and members have the key of the hall."
TEXTS = {
    "ar": "تكلفة العضوية اثنا عشر يورو في الشهر. الأطفال دون سن السادسة لا يدفعون شيئا.",
    "ca": "La bateria es carrega en unes quatre hores i pot quedar endollada tota la nit.",
    "cs": "Členství stojí dvanáct eur měsíčně. Děti do šesti let jsou zdarma.",
    "da": "Medlemskabet koster tolv euro om måneden. Børn under seks år er gratis.",
    "de": "Die Mitgliedschaft kostet zwölf Euro im Monat. Kinder unter sechs Jahren sind frei.",
    "el": "Η συνδρομή κοστίζει δώδεκα ευρώ τον μήνα. Τα παιδιά κάτω των έξι ετών δεν πληρώνουν.",
    "en": ENGLISH,
    "es": "La batería se carga en unas cuatro horas. Puede quedarse enchufada toda la noche.",
    "fa": "هزینه عضویت دوازده یورو در ماه است. کودکان زیر شش سال رایگان هستند.",
    "fi": "Jäsenyys maksaa kaksitoista euroa kuukaudessa, ja se on voimassa vuoden loppuun.",
    "fr": "La batterie se recharge en quatre heures environ. Elle peut rester branchée toute la nuit.",
    "hi": "सदस्यता की कीमत बारह यूरो प्रति माह है। छह साल से कम उम्र के बच्चे मुफ्त हैं।",
    "hu": "A tagság havonta tizenkét euróba kerül. A hat év alatti gyermekek ingyenesen jöhetnek.",
    "it": "La batteria si ricarica in circa quattro ore e può restare collegata tutta la notte.",
    "kk": "Клуб таңғы тоғызда ашылады, мүшелерде залдың кілті бар.",
    "lt": "Narystė kainuoja dvylika eurų per mėnesį. Vaikai iki šešerių metų nemoka, bet turi ateiti su tėvais.",
    "ne": "सदस्यता शुल्क महिनाको बाह्र यूरो हो। छ वर्षभन्दा कम उमेरका बालबालिका निःशुल्क छन्।",
    "nl": "De contributie is twaalf euro per maand. Wie in januari begint, was vorig jaar al lid.",
    "no": "Medlemskapet koster tolv euro i måneden. Barn under seks år er gratis, og de må ha med en voksen.",
    "pl": "Członkostwo kosztuje dwanaście euro miesięcznie. Dzieci do lat sześciu nie płacą.",
    "pt": "A bateria carrega em cerca de quatro horas e pode ficar ligada durante a noite.",
    "ru": "Клуб открывается в девять утра, и у каждого члена клуба есть ключ от зала.",
    "sr": "Чланство кошта дванаест евра месечно. Деца млађа од шест година не плаћају ништа.",
    "sv": "Medlemskapet kostar tolv euro i månaden. Barn under sex år är gratis.",
    "ta": "உறுப்பினர் கட்டணம் மாதம் பன்னிரண்டு யூரோ ஆகும். ஆறு வயதுக்குட்பட்ட குழந்தைகளுக்கு கட்டணம் இல்லை.",
    "tr": "Üyelik ayda on iki avrodur. Altı yaşından küçük çocuklar için ücret alınmaz.",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items(), ids=TEXTS)
def test_a_text_of_two_sentences_shows_its_language(language: str, text: str) -> None:
    """Of every language that a stemmer knows, also where a word looks like an English one."""
    assert language_of([text]) == language


def test_most_texts_decide() -> None:
    """A folder may quote other languages."""
    assert language_of([TEXTS["fr"], ENGLISH, TEXTS["fr"]]) == "fr"
    assert language_of([TEXTS["fr"], ENGLISH, ENGLISH]) == "en"


def test_short_texts_count_together() -> None:
    """Three words alone show nothing; all of them do."""
    lines = [
        "Batterie : 4 heures",
        "Garantie : deux ans",
        "Freins : chaque année",
        "Pneus : 4 bars",
        "Le casque suffit",
    ]
    assert language_of(["Zink"]) == UNKNOWN
    assert language_of(lines) == "fr"


@pytest.mark.parametrize(
    "text",
    [
        "თუთია ქვეყნის აღმოსავლეთში მოიპოვება, სადაც ბევრი მაღაროა.",
        "会员费每月十二欧元。六岁以下儿童免费。",
        "1 2 3 4 5 6",
        "",
        "qwrt zxcv plmk jhgf dsaa bnmm",
    ],
)
def test_a_language_that_no_words_confirm_is_unknown(text: str) -> None:
    """The library names one for every text."""
    assert language_of([text]) == UNKNOWN


def test_no_texts_have_no_language() -> None:
    """Every file may have a suffix."""
    assert language_of([]) == UNKNOWN


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_library_is_not_loaded_for_the_languages_with_rules(language: str) -> None:
    """It would add 120 MB."""
    code = (
        "import sys; from index.knowledge.file_language import language_of; "
        f"print(language_of([{TEXTS[language]!r}] * 3), 'py3langid' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.split() == [language, "False"]
