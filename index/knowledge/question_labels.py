"""What stands before questions and answers in lists of them: "Q:", "Question 3.", "A)", "Ответ:", a number."""

from __future__ import annotations

import re

_QUESTION = (
    "Question|Вопрос|Питання|Запитання|Сұрақ|Сауал|Frage|Pregunta|Pergunta|Domanda|Vraag|Pytanie|Otázka|Fråga"
    "|Kysymys|Spørgsmål|Spørsmål|Soru|Savol"
)
_ANSWER = (
    "Answer|Ответ|Відповідь|Жауап|Antwort|Réponse|Respuesta|Resposta|Risposta|Antwoord|Odpowiedź|Odpověď|Svar|Vastaus"
    "|Cevap|Yanıt|Javob"
)
_NUMBER = r"[ \t]*(?:№|#|No\.)?[ \t]*\d{0,3}[ \t]*"
_SIGNS = r"(?::(?!:)|[.)]|[–—-](?=\s))"
_GAP = r"[ \t]*(?:\n[ \t]*)?(?=\S)"
_ASKS = re.compile(rf"(?i:Q|{_QUESTION}){_NUMBER}(?P<sign>{_SIGNS}){_GAP}|(?:FAQ|[ВСFPSD]){_NUMBER}:(?!:){_GAP}")
_ANSWERS = re.compile(
    rf"(?i:{_ANSWER}){_NUMBER}{_SIGNS}{_GAP}|(?i:A)[ \t]*\d{{0,3}}[ \t]*:(?!:){_GAP}|[ОЖRCS]{_NUMBER}:(?!:){_GAP}"
)
_INITIAL = re.compile(rf"A{_NUMBER}(?P<sign>{_SIGNS}){_GAP}")
"""What stands before an answer, or is the initial of a name."""
_COUNTED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)][ \t]+|\d{1,3}(?:\.\d{1,3})+[ \t]+|[–—-][ \t]+")
"""The number or the dash of a question in a list of them."""
_QUESTION_ALONE = re.compile(rf"(?i:Q|{_QUESTION}){_NUMBER}{_SIGNS}?")
_ANSWER_ALONE = re.compile(rf"(?i:A|{_ANSWER}){_NUMBER}{_SIGNS}?")
_COLUMNS = re.compile(rf"(?i:Q|(?:{_QUESTION})\w{{0,3}}) \| [^|]+")
_QUESTION_MARK = re.compile(r"[?？؟]\W*\Z")


def is_question(text: str) -> bool:
    """Tell whether a text ends in a question mark."""
    return bool(_QUESTION_MARK.search(text))


def is_labelled(text: str) -> bool:
    """Tell whether a text begins with "Q:" or the like."""
    return bool(_ASKS.match(text))


def question_label(text: str, start: int = 0) -> int:
    """Return where "Q:" or the like ends that begins at ``start``, or 0."""
    label = _ASKS.match(text, start)
    return label.end() if label else 0


def answer_label(text: str, start: int = 0, *, question: str = "", is_bold: bool = False) -> int:
    """Return where "A:" or the like ends that begins at ``start``, or 0.

    Args:
        text: The text.
        start: Where a line begins.
        question: The question before it. "A." is a label behind "Q." and may be an initial behind anything else.
        is_bold: Whether the line begins in bold, as no initial does.
    """
    if label := _ANSWERS.match(text, start):
        return label.end()
    label, asked = _INITIAL.match(text, start), _ASKS.match(question)
    is_alike = label and asked and label["sign"] == asked["sign"]
    return label.end() if label and (is_bold or is_alike) else 0


def is_question_label(text: str) -> bool:
    """Tell whether a text is nothing but "Question" or the like, perhaps with a number."""
    return bool(_QUESTION_ALONE.fullmatch(text))


def is_answer_label(text: str) -> bool:
    """Tell whether a text is nothing but "Answer" or the like."""
    return bool(_ANSWER_ALONE.fullmatch(text))


def names_questions(columns: str) -> bool:
    """Tell whether the first row of a table says that questions stand in the first of two columns."""
    return bool(_COLUMNS.fullmatch(columns))


def bare_question(text: str) -> str:
    """Return a question without the number or the letter before it."""
    label = _ASKS.match(text) or _COUNTED.match(text)
    return text[label.end() :] if label else text
