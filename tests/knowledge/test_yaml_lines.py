"""YAML is read with the lines its values stand on, and hostile YAML is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.knowledge.yaml_lines import Node, YamlError, parse_yaml, split_front_matter

FILE = "---\ntitle: Copper\n\nquestions:\n  - how much\n  - >\n    how\n    many\n---\n\n\nThe body.\nIts end.\n\n"


def fields_of(text: str) -> dict[str, Node]:
    value = parse_yaml(text).value
    assert isinstance(value, dict)
    return value


def test_every_value_knows_its_line() -> None:
    """Lines are counted from the beginning of the file, with the fence as line 1."""
    parts = split_front_matter(FILE)
    assert parts is not None
    questions = parts.fields["questions"].value
    assert isinstance(questions, list)
    assert parts.fields["title"] == Node("Copper", 2)
    assert [item.line for item in questions] == [5, 6]
    assert (parts.body, parts.body_line) == ("The body.\nIts end.", 12)


def test_scalars_stay_text() -> None:
    """A date, a number and a truth value are not turned into anything else."""
    fields = fields_of("a: 2025-06\nb: 1_000\nc: yes\nd: 2025-06-04\ne: 0x10\nf: '7'\ng: ~\nh:")
    assert {name: node.value for name, node in fields.items()} == {
        "a": "2025-06",
        "b": "1_000",
        "c": "yes",
        "d": "2025-06-04",
        "e": "0x10",
        "f": "7",
        "g": None,
        "h": None,
    }


@pytest.mark.parametrize("text", ["", "\n---\na: 1\n---\n", "plain text", "----\n", "# --- heading"])
def test_a_file_that_does_not_begin_with_a_fence_has_no_front_matter(text: str) -> None:
    """Only a first line of three hyphens opens front matter."""
    assert split_front_matter(text) is None


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("---\ntitle: Copper\nbody", 1, "not closed"),
        ("---\ntitle: a\nas_of: b\ntitle: c\n---\n", 4, "'title' is given twice"),
        ("---\n- a\n---\n", 2, "field: value"),
        ("---\njust text\n---\n", 2, "field: value"),
        ("---\na: b\nc: 'd\n---\n", 3, "broken YAML"),
        ("---\na: b\n c: d\n---\n", 3, "broken YAML"),
        ("---\na: b\nc: *nowhere\n---\n", 3, "broken YAML"),
        ("---\na: b\n[x]: c\n---\n", 3, "plain text"),
        ("---\na: b\nc: \x01\n---\n", 3, "broken YAML"),
        ("---\na: b\nc: !!python/object/apply:os.system [ls]\n---\n", 3, "tag .* not allowed"),
        ("---\na: !!python/name:os.system\n---\n", 2, "tag .* not allowed"),
        ("---\na: !mine text\n---\n", 2, "tag '!mine' is not allowed"),
        ("---\na: !!binary aGk=\n---\n", 2, "tag .* not allowed"),
    ],
)
def test_broken_front_matter_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    """The error says what is wrong, on which line of the file."""
    with pytest.raises(YamlError, match=reason) as caught:
        split_front_matter(text)
    assert caught.value.line == line


def test_empty_front_matter_has_no_fields() -> None:
    """Two fences with nothing between them are front matter all the same."""
    parts = split_front_matter("---\n---\nBody.")
    assert parts is not None
    assert (parts.fields, parts.body, parts.body_line) == ({}, "Body.", 3)


def test_an_alias_that_contains_itself_is_refused() -> None:
    """Following it would never end."""
    with pytest.raises(YamlError, match="nested too deeply"):
        parse_yaml("a: &a [*a]")


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
@pytest.mark.parametrize("times", [30, 400_000])
def test_deep_nesting_is_refused(opening: str, times: int) -> None:
    """Neither a little nor so much that libyaml would exhaust the stack."""
    closing = {"[": "]", "- ": "x", "{a: ": "}"}[opening]
    with pytest.raises(YamlError, match="nested too deeply"):
        parse_yaml(opening * times + closing * (1 if opening == "- " else times))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No text makes the reader fail in any other way than by YamlError."""
    try:
        assert isinstance(parse_yaml(text), Node)
        split_front_matter(f"---\n{text}")
    except YamlError as error:
        assert error.line >= 1


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=80))
def test_the_body_keeps_its_text_and_line(body: str) -> None:
    """Only empty lines before the body and white space behind it are dropped."""
    text = f"---\ntitle: t\n---\n{body}"
    parts = split_front_matter(text)
    assert parts is not None
    rest = "\n".join(text.split("\n")[parts.body_line - 1 :])
    assert rest.rstrip() == parts.body
    assert parts.body.strip() == body.strip()
