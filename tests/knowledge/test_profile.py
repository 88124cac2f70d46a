"""What a knowledge folder says of the bot: ``bot.yaml`` and the interface texts it brings."""

from __future__ import annotations

from pathlib import Path

from index.knowledge.profile import Profile, read_profile
from index.knowledge.yaml_lines import Problem


def read(folder: Path, **files: str) -> tuple[Profile, list[str]]:
    """Write files, whose names have _ for . and __ for /, and read the profile with its problems."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    return read_profile(folder, problems), [str(problem) for problem in problems]


def test_a_folder_without_a_file_has_an_empty_profile(tmp_path: Path) -> None:
    """Nothing is required."""
    assert read(tmp_path) == (Profile(), [])


def test_a_text_without_a_language_holds_for_all(tmp_path: Path) -> None:
    """What is given once is shown to everybody; what is given by language, to those who read it."""
    profile, problems = read(tmp_path, bot_yaml="name: Vélos\nsubject: {fr: les vélos, de: Fahrräder}\n")
    assert problems == []
    assert profile.text("name", "fr") == profile.text("name", "kk") == "Vélos"
    assert [profile.text("subject", language) for language in ("de", "fr", "kk")] == [
        "Fahrräder",
        "les vélos",
        "les vélos",
    ]
    assert profile.text("operator", "fr") == ""


def test_problems_name_line_and_field(tmp_path: Path) -> None:
    """A field that is unknown, too long or no text is reported where it stands."""
    _, problems = read(tmp_path, bot_yaml=f"name:\n  en: {'x' * 65}\nnmae: y\nexamples: [{'q' * 61}]\n")
    assert problems == [
        "bot.yaml:3: nmae: unknown field; did you mean 'name'?",
        "bot.yaml:2: name: is longer than 64 characters (en)",
        f"bot.yaml:4: examples: '{'q' * 61}' is longer than the 60 characters of a button",
    ]


def test_interface_texts_are_read_by_language(tmp_path: Path) -> None:
    """``texts/fr.ftl`` brings French texts; what cannot be read is reported with its line."""
    profile, problems = read(tmp_path, texts__fr_ftl="button-back = ◀ Retour\n")
    assert (profile.texts, problems) == ({"fr": "button-back = ◀ Retour\n"}, [])
    _, problems = read(tmp_path, texts__fr_ftl="button-back = x\nbroken {\n")
    assert problems[0].startswith("texts/fr.ftl:2: text: is no text in Fluent's syntax:")
