"""Recognise the language of a text, and judge how well an encoder reads a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Self

from index.text.terms import words
from index.text.word_frequency import function_words

UNKNOWN = "und"
"""ISO 639-2 code of an undetermined language; in such text only character n-grams match."""

_WORD = re.compile(r"[^\W\d_]+")
_KAZAKH_LETTERS = re.compile("[әғқңөұүһі]")
_CYRILLIC = re.compile("[а-яё]")
_LEAST_STEM = 3
_NAME = re.compile(
    r"\b[A-Z][\w'-]*(?:\s+(?:of|and|the|for)(?:\s+the)?)?(?:\s+[A-Z][\w'-]*(?:\s+(?:of|and|the|for)(?=\s+[A-Z]))?)+"
)

# An encoder that reads a language needs one to two and a half tokens a word; one that does not needs a token a letter.
_KNOWN_TOKENS_PER_WORD, _UNKNOWN_TOKENS_PER_WORD = 2.6, 3.6
_SAMPLE_LINES, _SAMPLE_CHARACTERS = 100, 200
READABLE = 0.5
"""Legibility from which the vectors of a text are worth comparing."""

# The function words of a language make up a third or more of its running text.
_ENGLISH = frozenset(
    """
    the of and to in a is was are were for on by with at from as that this it its an be been has have had not or but
    which who what when where why how does do did can could will would should he she they his her their we you i
    """.split()
)
# Frequent words, most of them no Russian words.
_KAZAKH_IN_RUSSIAN_LETTERS = frozenset(
    """
    мен бен пен туралы бойынша кандай кашан канша кайда неге калай болды бар жок жане немесе деген екен емес бул сол
    осы жылы жылгы казак казакстан казакстанда казакстаннын улыбритания не нелер ким кім ушин кай сайын пайдалы
    казба онын оны олар олардын деп ол болады болып болган аркылы кейин дейин коп ретинде карай байланысты турли улы ири
    емес карсы жогары казакстандагы улыбританиянын улыбританиямен сырткы алгашкы негизги бирак гана барлык бирге кайта
    казирги улкен келген онда одан оган сондай сонымен катар сиякты арасындагы озара керек орын кол жол койды алды
    дегенимиз кимдер кимнин канша кайдан несе айтып берши бериниз билгим келеди рахмет салеметсиз айтыныз кейбир биринши
    аса манызды жер мыс сирек орны саны неде еки бири ишки орналаскан кезде
    """.split()
)
# In Russian, ы does not stand behind г, к, х, ж and ш; these endings are rare there.
_NOT_RUSSIAN = re.compile("[гкхжш]ы")
_KAZAKH_ENDINGS = tuple(
    """
    ынын инин нын нин дын дин ына ынан инен ында инде ымен имен рды лды йды йди рди лди тты тти кти ган ген арга ерге
    деги дагы ерин арын етин атын рмен рдан рден ктер ннан ысы лык дык тык ып еп уы уи лары лери дары дери миз мыз сыз
    """.split()
)
_RUSSIAN_ENDINGS = tuple(
    """
    ая яя ое ый ые ого его ому ему ых ость ости ть тся ов ев ами ями ах ях ние ния нию нии ство ства ции ский ской ские
    ет ют ит ят ла ло
    """.split()
)

_RUSSIAN = frozenset(
    """
    и в во на с со по о об от для из у к ко за что это этот эта эти как кто где когда куда откуда почему зачем какой
    какая какое какие каком какую сколько чем чём кем кому кого ли был была было были будет есть нет который которая
    которые его её ее их он она они мы вы такой такая такое между при про или до после через года году год лет
    """.split()
)


OWN_RULES = frozenset({"en", "ru", "kk"})
"""The languages that are recognised without a list of their function words."""
NO_OTHERS: Mapping[str, Set[str]] = {}


def detect_language(
    text: str, default: str = UNKNOWN, hint: str | None = None, others: Mapping[str, Set[str]] = NO_OTHERS
) -> str:
    """Return ``en``, ``ru``, ``kk`` or one of the ``others``, or ``default`` where the text shows none of these.

    Kazakh differs from Russian by nine letters that Russian lacks. Where people type Kazakh on a Russian keyboard, only
    its frequent words and its endings show it.

    Args:
        text: Any text.
        default: What to return for a text that shows no language, where there is no hint.
        hint: The language of the person who wrote the text, where it is known. It decides about a name in Latin
            letters, and about Cyrillic text that may be Kazakh for lack of Russian function words.
        others: Other languages that the text may be in, with their folded function words. One of them is the language
            of a text with as many of its words as of English, Russian or Kazakh ones.
    """
    if others and (other := _most_words(text, others)):
        return other
    folded = text.casefold()
    found = _WORD.findall(folded)
    english = sum(word in _ENGLISH for word in found)
    russian = sum(word in _RUSSIAN for word in found)
    spelled = sum(_KAZAKH_LETTERS.search(word) is not None for word in found)
    typed = sum(word in _KAZAKH_IN_RUSSIAN_LETTERS for word in found)
    cyrillic = _CYRILLIC.search(folded) or spelled
    if english and (hint or cyrillic):
        # The English words inside a name, as in "Bank of England", do not make a text English.
        english = sum(word in _ENGLISH for word in _WORD.findall(_NAME.sub(" ", text).casefold()))
    # Names of companies are often in Latin letters, so only more English function words outweigh the Cyrillic ones.
    if not cyrillic or max(russian, spelled, typed) < english:
        return "en" if english and english * 12 >= len(found) else hint or default
    # A Russian sentence may name a Kazakh place or person in Kazakh letters.
    if spelled > russian:
        return "kk"
    if russian * 5 >= len(found) and typed <= russian:
        return "ru"
    long = [word for word in found if len(word) > _LEAST_STEM]
    shown = typed + sum(word.endswith(_KAZAKH_ENDINGS) or _NOT_RUSSIAN.search(word) is not None for word in long)
    against = russian + sum(word.endswith(_RUSSIAN_ENDINGS) for word in long)
    # A single ending may be that of a name.
    certain = shown * 4 >= len(found) and (typed > russian or shown > 1) and shown > against
    return "kk" if certain or (hint == "kk" and not russian and against <= shown) else "ru"


@dataclass(frozen=True, slots=True)
class KnownLanguages:
    """The languages of a knowledge, which questions about it are expected in."""

    default: str
    """The language of a question that shows none."""
    others: Mapping[str, Set[str]]
    """Those without rules of their own, with their function words."""

    @classmethod
    def of(cls, languages: Iterable[str]) -> Self:
        """Return the languages of a knowledge, of which there is at least one."""
        codes = sorted(languages)
        others = {code: function_words(code) for code in codes if code not in OWN_RULES}
        return cls("en" if "en" in codes else codes[0], others)

    def detect(self, text: str, hint: str | None = None) -> str:
        """Recognise the language of a question.

        Args:
            text: The question.
            hint: The language of the person. Where all knowledge is in English, Russian and Kazakh, it counts for
                Cyrillic letters only: keywords in Latin ones are English.
        """
        counts = has_cyrillic(text) or hint in self.others
        return detect_language(text, self.default, hint if counts else None, self.others)


def _most_words(text: str, others: Mapping[str, Set[str]]) -> str | None:
    """Return the one of the ``others`` most words of ``text`` show, if they are as many as those of other languages."""
    found = words(text)
    counts = {language: sum(word in own for word in found) for language, own in others.items()}
    best = max(counts, key=counts.__getitem__)
    known = max(sum(word in own for word in found) for own in (_ENGLISH, _RUSSIAN, _KAZAKH_IN_RUSSIAN_LETTERS))
    return best if counts[best] >= max(1, known) else None


def has_cyrillic(text: str) -> bool:
    """Tell whether ``text`` has a Cyrillic letter, Kazakh ones included."""
    folded = text.casefold()
    return bool(_CYRILLIC.search(folded) or _KAZAKH_LETTERS.search(folded))


def legibility(lines: Sequence[str], count_tokens: Callable[[str], int]) -> float:
    """Judge how well an encoder reads the language of ``lines``, 0 to 1, by the number of tokens it makes of a word."""
    sample = [line[:_SAMPLE_CHARACTERS] for line in lines[:_SAMPLE_LINES]]
    per_word = sum(map(count_tokens, sample)) / max(1, sum(len(words(line)) for line in sample))
    span = _UNKNOWN_TOKENS_PER_WORD - _KNOWN_TOKENS_PER_WORD
    return round(min(1.0, max(0.0, (_UNKNOWN_TOKENS_PER_WORD - per_word) / span)), 3)
