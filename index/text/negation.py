"""Recognise negations in English, Russian and Kazakh."""

from __future__ import annotations

import re

from index.text.folded import folded

# For folded text.
_CONTRACTED = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|ca|wo)n['’]?t"
_KAZAKH_VERB = r"\w{2,}[мбп][ае](?:ды[мкн]?|ди[мкн]?|дынык|дык|дик|ган|ген|йды|йди|йтын|йтин|стан|стен|пты|пти)\w*"
# The Russian "not" is the Kazakh "what".
_NEGATION = {
    "en": re.compile(rf"\b(?:not|never|cannot|{_CONTRACTED})\b"),
    "ru": re.compile(r"\b(?:не|нет|никогда|никто|ни один)\b"),
    "kk": re.compile(rf"\b(?:емес|жок|ешкашан|ешким|{_KAZAKH_VERB})\b"),
}
_IN_PASSAGE = {
    "en": re.compile(
        rf"\b(?:not|never|cannot|no|none|neither|nor|without|un\w+ed|{_CONTRACTED}|refus\w+|lack\w*|absent)\b"
    ),
    "ru": re.compile(r"\b(?:не|нет|нельзя|ни|никогда|никто|без|отказ\w+|отсутств\w+|нераскры\w+)\b"),
    "kk": re.compile(rf"\b(?:емес|жок|еш\w+|\w{{3,}}с[ыи]з|{_KAZAKH_VERB})\b"),
}
# Politeness, and questions that want a yes or a no.
_NO_DENIAL = re.compile(
    rf"^\W*{_CONTRACTED}|\b(?:could|can|would|will) you not\b|,\s*{_CONTRACTED} \w+\W*$"
    r"|\bnot (?:only|sure|just|clear to me|know|find|understand)\b|\b(?:or|why|if|but|and|whether) not\b"
    r"|\bi(?:['’]?m| am| do| did| could| can|['’]?ve| have| was)?\s?(?:not|n['’]?t)\b"
    rf"|\bi (?:{_CONTRACTED}|cannot|never)\b|\b{_CONTRACTED} (?:you|know|understand|find|remember)\b"
    r"|\bне (?:только|могли бы|мог бы|подскаж\w+|скаж\w+|зна\w+|понима\w+|пойму|понял\w*|нашел|нашла|наш\w+|помн\w+"
    r"|менее|более|так ли|правда ли|уверен\w*|\w+ ли)\b|\b(?:или|а|если|почему бы) (?:не|нет)\b|\bнет ли\b"
    r"|\bгана емес|\bемес (?:пе|па)\b|\bжок (?:па|пе)\b|\b(?:алде|немесе) жок\b|\bбилмейм\w+|\bтусинбе\w+|\bбилмедим"
    r"|\bтаппа\w+|\bтаба алма\w+"
)
_HINTS = {"en": ("not", "n't", "n’t", "nt ", "never"), "ru": ("не", "ни"), "kk": ("м", "б", "п", "жок")}
"""One of these is in every question that has a negation."""


def negation(question: str, language: str) -> str | None:
    """Return the word by which a question asks for what is not so, or ``None``."""
    form = folded(question)
    pattern = _NEGATION.get(language)
    if pattern is None or not any(hint in form.text for hint in _HINTS[language]) or not pattern.search(form.text):
        return None
    match = pattern.search(_NO_DENIAL.sub(lambda found: " " * len(found[0]), form.text))
    return form.words(*match.span()) if match else None


def denies(text: str, language: str) -> bool:
    """Tell whether a passage says of anything that it is not so; in an unknown language it may."""
    pattern = _IN_PASSAGE.get(language)
    return pattern is None or pattern.search(folded(text).text) is not None
