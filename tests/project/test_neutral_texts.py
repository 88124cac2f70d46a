"""No text and no code names the subject of the knowledge here, and none claims more than is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "bot" / "locales"
_COUNTRIES = r"kazakhstan|казахстан|қазақстан|великобритан|ұлыбритан|\bUK\b"
_SUBJECT = rf"{_COUNTRIES}|mineral|минерал|partnership|партнёрств|партнерств|серіктест|әріптест"
_VERBATIM = r"word for word|verbatim|дословн|слово в слово|сөзбе-сөз|сөзбе сөз|дәйексөз|дәл үзінді"


def found(pattern: str, *files: Path) -> list[str]:
    """Return each line of the files in which a pattern is found."""
    wanted = re.compile(pattern, re.IGNORECASE)
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if wanted.search(line)
    ]


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_no_interface_text_names_the_subject(language: str) -> None:
    """Whose bot it is stands in the knowledge folder alone."""
    files = sorted((LOCALES / language).glob("*.ftl"))
    assert len(files) > 5
    assert found(_SUBJECT, *files) == []


def test_no_code_names_the_countries() -> None:
    """The bot serves any folder; what it looks for in a question is of languages, not of a subject."""
    assert found(_COUNTRIES, *sorted((ROOT / "bot").rglob("*.py"))) == []
    assert found(_COUNTRIES, *sorted(LOCALES.glob("*.yaml"))) == []


def test_nothing_claims_that_passages_are_the_speakers_own_words() -> None:
    """Editors write the passages; only words in quotation marks are a speaker's own."""
    assert found(_VERBATIM, *sorted(LOCALES.glob("*/*.ftl")), ROOT / "knowledge" / "bot.yaml") == []
