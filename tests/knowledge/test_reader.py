"""A knowledge folder is read whole, and everything wrong with it is told at once with file, line, field and reason."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import KnowledgeError
from index.knowledge.fields import is_date
from index.knowledge.lint import lint
from index.knowledge.reader import Knowledge, read_knowledge
from index.knowledge.yaml_lines import Severity

TODAY = date(2026, 11, 23)
HEAD = "title: Copper\nsources: [press]\nas_of: 2025-06-04\n"
BODY = "Copper output was 6,218 tonnes in 2025."
SOURCES = "press: {publisher: The Press, title: News, date: 2025-06, url: 'https://example.org/'}\n"
TOPICS = "- {id: metals, title: {en: Metals}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with registers and one sound snippet, ``metals/copper``."""
    root = tmp_path / "knowledge"
    write(root, "sources.yaml", SOURCES)
    write(root, "topics.yaml", TOPICS)
    write(root, "metals/copper.md", f"---\n{HEAD}---\n{BODY}\n")
    return root


def write(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def snippet(fields: str = HEAD, body: str = "Zinc is mined in the east of the country.") -> str:
    return f"---\n{fields}---\n{body}\n"


def read(folder: Path) -> Knowledge:
    return read_knowledge(folder, today=TODAY)


def problems(folder: Path) -> list[str]:
    knowledge = read(folder)
    found = lint(knowledge, lambda text: len(text.split()), 50)
    return [str(problem) for problem in sorted([*knowledge.problems, *found])]


def ids(knowledge: Knowledge) -> set[tuple[str, str]]:
    return {(entry.id, entry.language) for entry in knowledge.snippets}


def test_a_sound_folder_has_no_problems(folder: Path) -> None:
    """The fixture that the other tests spoil is sound itself."""
    assert problems(folder) == []
    (only,) = read(folder).snippets
    assert (only.id, only.topic, only.title, only.text) == ("metals/copper", "metals", "Copper", BODY)
    assert only.sources[0].url == "https://example.org/"


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("metals/a.md", snippet("sources: [press]\nas_of: 2025\n"), "metals/a.md:1: title: missing"),
        ("metals/a.md", snippet("title: A\nas_of: 2025\n"), "metals/a.md:1: sources: missing"),
        ("metals/a.md", snippet("title: A\nsources: [press]\n"), "metals/a.md:1: as_of: missing"),
        ("metals/a.md", snippet("title:\nsources: [press]\nas_of: 2025\n"), "metals/a.md:2: title: empty"),
        ("metals/a.md", snippet("title: A\nsources: []\nas_of: 2025\n"), "metals/a.md:3: sources: empty"),
        ("metals/a.md", snippet(HEAD + "autor: me\n"), "metals/a.md:5: autor: unknown field"),
        ("metals/a.md", snippet(HEAD.replace("press", "blog")), "metals/a.md:3: sources: unknown source 'blog'"),
        ("metals/a.md", snippet(HEAD.replace("2025-06-04", "2025-02-30")), "metals/a.md:4: as_of: '2025-02-30'"),
        ("metals/a.md", snippet(HEAD.replace("2025-06-04", "June 2025")), "metals/a.md:4: as_of: 'June 2025'"),
        ("metals/a.md", snippet(HEAD + "valid_until: soon\n"), "metals/a.md:5: valid_until: 'soon' is not a date"),
        ("metals/a.md", snippet(HEAD, "  "), "metals/a.md:6: body: empty"),
        ("metals/a.md", snippet(HEAD, "zinc " * 60), "metals/a.md:6: body: 60 tokens"),
        ("metals/a.md", snippet(HEAD, f"\n{BODY}"), "metals/copper.md:6: body: says nearly the same as metals/a"),
        ("metals/a.md", snippet(HEAD + "title: B\n"), "metals/a.md:5: front matter: 'title' is given twice"),
        ("metals/a.md", "---\ntitle: A\nZinc.", "metals/a.md:1: front matter: front matter is not closed"),
        ("metals/a.md", "---\ntitle: [A\n---\nZinc.", "metals/a.md:3: front matter: broken YAML"),
        ("metals/a.md", snippet("title: !!python/name:os.system\n"), "metals/a.md:2: front matter: the tag"),
        ("metals/a.md", "Just text.", "metals/a.md:1: front matter: missing"),
        ("metals/a.md", snippet(HEAD, "Zinc is <b>bold</b>."), "metals/a.md:6: body: HTML is not allowed: <b>"),
        ("metals/a.md", snippet(HEAD, "One.\n<!-- two -->"), "metals/a.md:7: body: HTML is not allowed: <!--"),
        ("metals/a.md", snippet(HEAD.replace("Copper", "<i>A</i>")), "metals/a.md:2: title: HTML is not allowed"),
        ("metals/a.md", snippet(HEAD, "See [this](../../etc/passwd)."), "metals/a.md:6: body: links outside"),
        ("metals/a.md", snippet(HEAD, "See [this](/etc/passwd)."), "metals/a.md:6: body: links outside"),
        ("metals/a.md", snippet(HEAD + "see_also: [metals/tin]\n"), "metals/a.md:5: see_also: unknown snippet"),
        ("metals/a.md", snippet(HEAD + "questions: {a: b}\n"), "metals/a.md:5: questions: must be text or a list"),
        (
            "metals/a.md",
            snippet(HEAD + f"questions: ['{'why ' * 90}']\n"),
            "metals/a.md:5: questions: an entry is longer",
        ),
        ("metals/a.md", snippet(HEAD.replace("Copper", "A" * 201)), "metals/a.md:2: title: is longer than 200"),
        ("metals/a.md", snippet(HEAD + "language: english\n"), "metals/a.md:5: language: 'english' is not"),
        (
            "metals/a.md",
            b"---\ntitle: A\nas_of: \xff\n---\nZinc.",
            "metals/a.md:3: file: is not valid UTF-8 (byte 0xff)",
        ),
        ("metals/a.md", b"x" * 1_000_001, "metals/a.md:1: file: is larger than 1,000,000 bytes"),
        ("metals/copper.txt", snippet(), "metals/copper.txt:1: id: 'metals/copper' (en) is also metals/copper.md"),
        ("metals/copper.en.md", snippet(), "metals/copper.en.md:1: id: 'metals/copper' (en) is also"),
        ("metals/a.ru.md", snippet(), "metals/a.ru.md:1: file: a translation without its original metals/a.md"),
        ("metals/a.ru.md", snippet("title: A\n"), "metals/a.ru.md:1: file: a translation without its original"),
        ("gases/a.md", snippet(), "gases/a.md:1: topic: unknown topic 'gases'; add it to topics.yaml"),
        ("a.md", snippet(), "a.md:1: topic: lies in no topic folder"),
        ("sources.yaml", SOURCES + "blog: {title: B}\n", "sources.yaml:2: publisher: missing in source 'blog'"),
        ("sources.yaml", SOURCES + "blog: {publisher: B, title: B, url: 'file:///a'}\n", "sources.yaml:2: url: 'file"),
        ("sources.yaml", SOURCES + "blog: {publisher: B, title: B, date: May}\n", "sources.yaml:2: date: 'May' is"),
        ("sources.yaml", SOURCES + SOURCES, "sources.yaml:2: file: 'press' is given twice"),
        ("sources.yaml", SOURCES + "blog: [1]\n", "sources.yaml:2: id: every entry needs an id and fields"),
        ("sources.yaml", SOURCES + "blog: 'B\n", "sources.yaml:"),
        ("topics.yaml", TOPICS + "- {id: metals, title: M}\n", "topics.yaml:2: id: 'metals' is given twice"),
        ("topics.yaml", TOPICS + "- {id: gases}\n", "topics.yaml:2: title: missing in topic 'gases'"),
        ("topics.yaml", b"\xff", "topics.yaml:1: file: is not valid UTF-8"),
        ("synonyms.yaml", "- [UK\n", "synonyms.yaml:2: file: broken YAML"),
        ("evaluation.yaml", "questions:\n  - {question: who, answers: [metals/tin]}\n", "evaluation.yaml:2: answers: "),
    ],
)
def test_each_problem_is_told_with_its_place(folder: Path, file: str, content: str | bytes, expected: str) -> None:
    """One spoilt file gives a line ``file:line: field: reason`` that names the fault."""
    write(folder, file, content)
    found = problems(folder)
    assert any(line.startswith(expected) for line in found), found


def test_a_question_may_belong_to_one_snippet(folder: Path) -> None:
    """Two snippets that claim a question, however it is written, are told; two languages may share one."""
    write(folder, "metals/a.md", snippet(HEAD + "questions: [How much zinc?]\n"))
    write(folder, "metals/b.md", snippet(HEAD + "questions: [one, how much ZINC]\n", "Zinc, and tin from the north."))
    write(folder, "metals/a.ru.md", snippet("title: Цинк\nquestions: [How much zinc?]\n", "Цинк добывают на востоке."))
    assert problems(folder) == ["metals/b.md:5: questions: 'how much ZINC' is also a question of metals/a"]


def test_all_problems_are_told_at_once(folder: Path) -> None:
    """A reader does not stop at the first fault, nor at the first faulty file."""
    write(folder, "metals/a.md", snippet("as_of: never\nsources: [blog, press]\n", ""))
    write(folder, "metals/b.md", b"\xff")
    write(folder, "topics.yaml", "- [x]\n" + TOPICS)
    starts = [": ".join(line.split(": ")[:2]) for line in problems(folder)]
    assert starts == [
        "metals/a.md:1: title",
        "metals/a.md:2: as_of",
        "metals/a.md:3: sources",
        "metals/a.md:5: body",
        "metals/b.md:1: file",
        "topics.yaml:1: id",
    ]


def test_a_broken_original_is_told_once(folder: Path) -> None:
    """Its translations are not blamed for fields they would have taken from it."""
    write(folder, "metals/copper.md", snippet("sources: [press]\nas_of: 2025\n"))
    write(folder, "metals/copper.ru.md", snippet("title: Медь\n", "Добыто 6 218 тонн меди."))
    assert problems(folder) == ["metals/copper.md:1: title: missing"]


def test_a_translation_takes_what_it_does_not_say_from_its_original(folder: Path) -> None:
    """Sources, dates, speakers and links are inherited; title, text and questions are its own."""
    fields = HEAD + "speaker: [Ann, Bob]\nvalid_until: 2027-01\nquestions: [how much]\nsee_also: [metals/copper]\n"
    write(folder, "metals/zinc.md", snippet(fields))
    write(folder, "metals/zinc.ru.md", snippet("title: Цинк\nspeaker: Анна\n", "Цинк добывают на востоке страны."))
    knowledge = read(folder)
    original, translation = (entry for entry in knowledge.snippets if entry.id == "metals/zinc")
    assert translation.language == "ru"
    assert translation.speakers == ("Анна",)
    assert (translation.title, translation.questions) == ("Цинк", ())
    for name in ("sources", "as_of", "valid_until", "see_also", "topic"):
        assert getattr(translation, name) == getattr(original, name)


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        ("Медь", "Добыто 6 218 тонн меди в 2025 году.", None),
        ("Медь", "В 2025 году добыто 6\u00a0218 т.", None),
        ("Медь", "Добыто 6,218 тонн в 2024 году.", "body: numbers differ from the original: 2025 is missing; 2024 is"),
        ("Медь", "Добыто 6 218 тонн.", "body: numbers differ from the original: 2025 is missing"),
        ("Медь, 2024", "Добыто 6 218 тонн в 2025 году.", "title: 2024 is not in the original"),
        ("Медь", "Компания Rio Tinto: 6 218 тонн в 2025 году.", "body: names that the original does not have: Rio, T"),
    ],
)
def test_translations_keep_numbers_and_names(folder: Path, title: str, body: str, expected: str | None) -> None:
    """Numbers may be written with other separators and in another order, but not changed."""
    write(folder, "metals/copper.ru.md", snippet(f"title: {title}\n", body))
    found = problems(folder)
    if expected is None:
        assert found == []
    else:
        assert len(found) == 1
        assert f": {expected}" in found[0]


def test_an_expired_snippet_is_noted_and_left_out(folder: Path) -> None:
    """It is a warning, with its translations; what expires today or in this month still holds."""
    write(folder, "metals/old.md", snippet(HEAD + "valid_until: 2026-11-22\n"))
    write(folder, "metals/old.ru.md", snippet("title: Цинк\n", "Цинк добывают на востоке страны."))
    write(folder, "metals/day.md", snippet(HEAD + "valid_until: 2026-11-23\n", "Tin lies in the north."))
    write(folder, "metals/month.md", snippet(HEAD + "valid_until: 2026-11\n", "Lead lies in the south."))
    write(folder, "metals/year.md", snippet(HEAD + "valid_until: 2025\n", "Iron lies in the west."))
    knowledge = read(folder)
    assert {name for name, _ in ids(knowledge)} == {"metals/copper", "metals/day", "metals/month"}
    assert {problem.severity for problem in knowledge.problems} == {Severity.NOTE}
    assert [str(problem) for problem in knowledge.problems] == [
        "metals/old.md:5: valid_until: warning: expired on 2026-11-22; the snippet is not indexed",
        "metals/old.ru.md:1: valid_until: warning: expired on 2026-11-22; the snippet is not indexed",
        "metals/year.md:5: valid_until: warning: expired on 2025; the snippet is not indexed",
    ]
    knowledge.require_sound()


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("newline", [b"\r\n", b"\n", b"\r"])
def test_marks_and_line_ends_of_other_systems_do_not_matter(folder: Path, prefix: bytes, newline: bytes) -> None:
    """A byte order mark and the line ends of Windows are read as if they were not there."""
    write(folder, "metals/copper.md", prefix + f"---\n{HEAD}---\n{BODY}\nMore.\n".encode().replace(b"\n", newline))
    assert problems(folder) == []
    assert read(folder).snippets[0].text == f"{BODY}\nMore."


def test_links_out_of_the_folder_are_not_read(folder: Path, tmp_path: Path) -> None:
    """Neither files nor folders nor registers outside come in through a symbolic link."""
    write(tmp_path, "outside/secret.md", snippet())
    (folder / "metals/secret.md").symlink_to(tmp_path / "outside/secret.md")
    (folder / "gases").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder / "synonyms.yaml").symlink_to(tmp_path / "outside/secret.md")
    assert problems(folder) == [
        "gases:1: file: is a link to a folder; links to folders are not followed",
        "metals/secret.md:1: file: is a link to a place outside the knowledge folder",
        "synonyms.yaml:1: file: is a link to a place outside the knowledge folder",
    ]
    assert ids(read(folder)) == {("metals/copper", "en")}


def test_links_inside_the_folder_are_read(folder: Path) -> None:
    """A file may stand under a second name."""
    (folder / "metals/alias.md").symlink_to("copper.md")
    assert ("metals/alias", "en") in ids(read(folder))


def test_links_that_lead_nowhere_are_told(folder: Path) -> None:
    """Loops and dangling links end the reading of one file, not of the folder."""
    (folder / "metals/loop.md").symlink_to("loop.md")
    (folder / "metals/gone.md").symlink_to("nowhere.md")
    (folder / "metals/around").symlink_to(folder, target_is_directory=True)
    found = problems(folder)
    assert [line.split(": ")[0] for line in found] == ["metals/around:1", "metals/gone.md:1", "metals/loop.md:1"]
    assert all("cannot be read" in line for line in found[1:])
    assert ids(read(folder)) == {("metals/copper", "en")}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_files_and_folders_without_permission_are_told(folder: Path) -> None:
    """What cannot be read is not passed over in silence."""
    write(folder, "metals/closed.md", snippet())
    (folder / "metals/closed.md").chmod(0)
    (folder / "vault").mkdir(mode=0)
    assert [line.split(": ")[0] for line in problems(folder)] == ["metals/closed.md:1", "vault:1"]


def test_what_is_no_file_is_told_or_walked(folder: Path) -> None:
    """A folder with the name of a file is a folder; a pipe is not waited for."""
    write(folder, "metals/dir.md/zinc.md", snippet())
    os.mkfifo(folder / "metals/pipe.md")
    found = problems(folder)
    assert "metals/pipe.md:1: file: is not a file" in found
    assert ("metals/dir.md/zinc", "en") in ids(read(folder))


def test_hidden_files_and_readmes_are_not_knowledge(folder: Path) -> None:
    """Neither are files of other kinds."""
    for name in (".draft.md", ".git/a.md", "README.md", "metals/Readme.md", "metals/photo.jpg", "metals/copper.md~"):
        write(folder, name, "not a snippet")
    assert problems(folder) == []
    assert ids(read(folder)) == {("metals/copper", "en")}


def test_an_empty_folder_is_sound_but_cannot_be_indexed(tmp_path: Path) -> None:
    """The error says what belongs into it."""
    knowledge = read(tmp_path)
    assert knowledge.problems == ()
    with pytest.raises(KnowledgeError, match=r"holds no snippets: add \.md files"):
        knowledge.require_sound()


def test_plain_text_is_knowledge_without_front_matter(tmp_path: Path) -> None:
    """Heading or file name is the title, each paragraph a snippet, each folder a topic."""
    write(
        tmp_path, "notes/copper-and-zinc.md", "# Two metals #\n\nCopper is the first.\nIt is red.\n\n## More\n\nZinc.\n"
    )
    write(tmp_path, "tin_mines.txt", "Tin is the third of the metals.\n")
    write(tmp_path, "README.md", "Not this.")
    knowledge = read(tmp_path)
    assert problems(tmp_path) == []
    found = [(entry.id, entry.topic, entry.title, entry.text) for entry in knowledge.snippets]
    assert found == [
        ("notes/copper-and-zinc#1", "notes", "Two metals", "Copper is the first.\nIt is red."),
        ("notes/copper-and-zinc#2", "notes", "Two metals – More", "Zinc."),
        ("tin_mines", "", "Tin mines", "Tin is the third of the metals."),
    ]
    assert [knowledge.locations[entry.id, "en"].body_line for entry in knowledge.snippets] == [3, 8, 1]
    assert {entry.language for entry in knowledge.snippets} == {"en"}
    assert [topic.id for topic in knowledge.topics] == ["notes"]


def test_plain_text_may_have_titles_for_its_topics(tmp_path: Path) -> None:
    """``topics.yaml`` alone does not make a folder a curated one."""
    write(tmp_path, "topics.yaml", TOPICS)
    write(tmp_path, "metals/tin.txt", "Tin is one of the metals.")
    assert problems(tmp_path) == []
    assert [topic.title["en"] for topic in read(tmp_path).topics] == ["Metals"]


def test_a_register_of_sources_asks_for_front_matter(tmp_path: Path) -> None:
    """A curated folder whose files have no front matter yet is told so instead of being read as plain text."""
    write(tmp_path, "sources.yaml", SOURCES)
    write(tmp_path, "metals/tin.md", "Tin is one of the metals.")
    assert problems(tmp_path) == ["metals/tin.md:1: front matter: missing: the file does not begin with a line '---'"]


def test_a_folder_in_one_other_language_needs_no_originals(tmp_path: Path) -> None:
    """It has its language by suffix, by field or by its letters."""
    write(tmp_path, "sources.yaml", SOURCES)
    write(tmp_path, "metals/a.ru.md", snippet(HEAD, "Цинк добывают на востоке страны."))
    assert problems(tmp_path) == []
    assert ids(read(tmp_path)) == {("metals/a", "ru")}
    (tmp_path / "metals/a.ru.md").rename(tmp_path / "metals/a.md")
    assert ids(read(tmp_path)) == {("metals/a", "ru")}
    write(tmp_path, "metals/a.md", snippet(HEAD, "Zink wird im Osten des Landes gefördert."))
    assert ids(read(tmp_path)) == {("metals/a", "de")}
    write(tmp_path, "metals/a.md", snippet(HEAD + "language: ka\n", "თუთია ქვეყნის აღმოსავლეთში მოიპოვება."))
    assert ids(read(tmp_path)) == {("metals/a", "ka")}


def test_a_folder_may_declare_its_language(tmp_path: Path) -> None:
    """It counts for files without a suffix, and its files are the originals of translations."""
    write(tmp_path, "bot.yaml", "language: fr\n")
    write(tmp_path, "sources.yaml", SOURCES)
    write(tmp_path, "metals/a.fr.md", snippet(HEAD, "Le zinc vient de l'est du pays."))
    write(tmp_path, "metals/a.de.md", snippet("title: Zink\n", "Zink wird im Osten des Landes gefördert."))
    write(tmp_path, "metals/b.md", snippet(HEAD, "Zinc 2026"))
    assert problems(tmp_path) == []
    assert ids(read(tmp_path)) == {("metals/a", "fr"), ("metals/a", "de"), ("metals/b", "fr")}
    assert {entry.as_of for entry in read(tmp_path).snippets} == {"2025-06-04"}


def test_each_question_of_a_plain_file_is_a_title(tmp_path: Path) -> None:
    """A list of frequently asked questions often is one file; each heading that asks is an example question."""
    asked = "## Is there tin?\n\nYes.\n\nA lot.\n\n### Notes\n\nNone.\n\n## **And zinc?** ##\n\nNo.\n"
    write(tmp_path, "faq.md", f"# Metals\n\nAll of them.\n\n{asked}")
    assert [(entry.title, entry.questions, entry.text) for entry in read(tmp_path).snippets] == [
        ("Metals", (), "All of them."),
        ("Metals – Is there tin?", ("Is there tin?",), "Yes.\n\nA lot."),
        ("Metals – Is there tin? – Notes", (), "None."),
        ("Metals – And zinc?", ("And zinc?",), "No."),
    ]


def test_a_folder_in_an_unknown_language_is_accepted(tmp_path: Path) -> None:
    """Its language is the code for undetermined."""
    write(tmp_path, "zink.txt", "თუთია ქვეყნის აღმოსავლეთში მოიპოვება.")
    assert problems(tmp_path) == []
    assert ids(read(tmp_path)) == {("zink", "und")}


def test_an_english_file_with_suffix_is_an_original(tmp_path: Path) -> None:
    """A folder may name every language in the file names."""
    write(tmp_path, "sources.yaml", SOURCES)
    write(tmp_path, "metals/a.en.md", snippet())
    write(tmp_path, "metals/a.ru.md", snippet("title: Цинк\n", "Цинк добывают на востоке страны."))
    assert problems(tmp_path) == []
    assert {entry.as_of for entry in read(tmp_path).snippets} == {"2025-06-04"}


@given(st.one_of(st.dates().map(str), st.from_regex(r"\d{4}(-\d{2}(-\d{2})?)?", fullmatch=True), st.text(max_size=12)))
def test_a_date_exists_in_the_calendar(text: str) -> None:
    """Exactly ISO 8601 dates, perhaps without day or month, are taken."""
    parts = text.split("-")
    try:
        real = text.isascii() and [len(part) for part in parts] in ([4], [4, 2], [4, 2, 2])
        real = real and all(part.isdigit() for part in parts)
        real = real and bool(date(*[int(part) for part in parts], *[1] * (3 - len(parts))))
    except ValueError:
        real = False
    assert is_date(text) == real


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_told(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """No content of a file makes the reader or the checks fail."""
    folder = tmp_path_factory.mktemp("bytes")
    write(folder, "a.md", content)
    for name in ("b.md", "sources.yaml", "topics.yaml", "synonyms.yaml", "evaluation.yaml"):
        write(folder, name, b"---\n" + content + b"\n---\n" if name == "b.md" else content)
    for line in problems(folder):
        assert line.split(":")[0] in {"a.md", "b.md", "sources.yaml", "topics.yaml", "synonyms.yaml", "evaluation.yaml"}
