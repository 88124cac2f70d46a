"""The vectors of questions that every build asks again are kept, and are those that the encoder gives."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from index.encoder import known_questions
from index.encoder.known_questions import KNOWN_QUESTIONS_FILE, RememberingEncoder
from index.encoder.query_encoder import Encoded, OnnxEncoder

QUESTIONS = ("Who signed the agreement?", "уран өндірісі", "", "wordy " * 400)


@pytest.fixture
def folder(encoder_cache: Path, tmp_path: Path) -> Path:
    """A folder with the exported encoder and nothing that was kept."""
    (source,) = (entry for entry in encoder_cache.iterdir() if entry.is_dir())
    shutil.copytree(source, tmp_path / source.name, copy_function=os.link)
    (tmp_path / source.name / KNOWN_QUESTIONS_FILE).unlink(missing_ok=True)
    return tmp_path / source.name


@pytest.fixture(autouse=True)
def _write_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write for a single new question, too."""
    monkeypatch.setattr(known_questions, "_LEAST_NEW", 1)


def same(one: Encoded, other: Encoded) -> bool:
    vectors = np.array_equal(one.vector, other.vector) and np.array_equal(one.tokens, other.tokens)
    return vectors and one.truncated == other.truncated


def kept(folder: Path, questions: tuple[str, ...] = QUESTIONS) -> RememberingEncoder:
    """Embed some questions and keep them; return the encoder that finds them."""
    encoder = RememberingEncoder(folder)
    for question in questions:
        encoder.encode(question)
    encoder.remember()
    return RememberingEncoder(folder)


def test_what_is_kept_is_what_the_encoder_gives(folder: Path) -> None:
    """To the last digit, whatever the text."""
    encoder, plain = kept(folder), OnnxEncoder(folder)
    assert all(map(encoder.remembers, QUESTIONS))
    assert not encoder.remembers("who signed the agreement?")
    assert not plain.remembers(QUESTIONS[0])
    for question in QUESTIONS:
        assert same(encoder.encode(question), plain.encode(question))


def test_nothing_is_written_where_nothing_is_new(folder: Path) -> None:
    """A build that asks what was asked before leaves the file as it is."""
    encoder = kept(folder)
    written = (folder / KNOWN_QUESTIONS_FILE).stat()
    encoder.encode(QUESTIONS[0])
    encoder.remember()
    assert (folder / KNOWN_QUESTIONS_FILE).stat().st_ino == written.st_ino


def test_a_few_new_questions_are_not_worth_writing_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are embedded again until they are many."""
    monkeypatch.setattr(known_questions, "_LEAST_NEW", 3)
    assert not kept(folder, ("one", "two")).remembers("one")
    assert kept(folder, ("one", "two", "three")).remembers("one")


def test_the_questions_asked_last_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file does not grow for ever."""
    monkeypatch.setattr(known_questions, "_MOST", 3)
    encoder = kept(folder, ("one", "two", "three"))
    encoder.encode("one")
    encoder.encode("four")
    encoder.remember()
    again = RememberingEncoder(folder)
    assert [text for text in ("one", "two", "three", "four") if again.remembers(text)] == ["one", "three", "four"]


@pytest.mark.faults
def test_a_damaged_file_gives_no_wrong_vector(folder: Path) -> None:
    """Whatever byte is changed, and wherever the file ends: the questions are embedded again, or are the right ones."""
    kept(folder)
    file, plain = folder / KNOWN_QUESTIONS_FILE, OnnxEncoder(folder)
    right = {question: plain.encode(question) for question in QUESTIONS[:2]}
    content = file.read_bytes()
    step = max(1, len(content) // 60)
    damaged = [
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(0, len(content), step)
    ]
    for spoilt in [*damaged, b"", b"rubbish", content[: len(content) // 2]]:
        file.unlink()
        file.write_bytes(spoilt)
        known = known_questions._read(file, plain.card.dimension)
        for question, expected in right.items():
            found = known.get(known_questions._key(question))
            assert found is None or same(found, expected)
    assert not RememberingEncoder(folder).remembers(QUESTIONS[0])
    assert kept(folder).remembers(QUESTIONS[0])
