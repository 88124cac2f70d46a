"""A knowledge folder of six snippets, small enough to build within a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

MakeKnowledge = Callable[..., Path]

SMALL = {
    "metals/copper.md": (
        "Copper output",
        "Copper output was 6,218 tonnes in 2025. The plant stands near Balkhash.",
        ["how much copper is made"],
    ),
    "metals/uranium.md": (
        "Uranium leader",
        "Kazakhstan is the largest uranium producer. It mined 21,112 tonnes in 2023.",
        ["uranium production"],
    ),
    "people/envoy.md": (
        "The trade envoy",
        "Lord Alderdice was named trade envoy in January 2025.",
        ["who is the trade envoy"],
    ),
    "deals/roadmap.md": (
        "The roadmap",
        "A roadmap was signed in London in March 2024 by two ministers.",
        ["when was the roadmap signed"],
    ),
    "deals/memorandum.md": (
        "The memorandum",
        "A memorandum on hydrogen was signed in Astana in 2023.",
        ["hydrogen agreement"],
    ),
    "schools/cardiff.md": (
        "A campus in Astana",
        "Cardiff University opened a campus in Astana in September 2025.",
        ["british university in astana"],
    ),
}


def write_knowledge(folder: Path, entries: dict[str, tuple[str, str, list[str]]]) -> None:
    """Write snippets as ``file: (title, body, questions)`` with the registers they need."""
    for file, (title, body, questions) in entries.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        asked = "".join(f"\n  - {question}" for question in questions)
        path.write_text(
            f"---\ntitle: {title}\nsources: [press]\nas_of: 2025-06-04\nquestions:{asked}\n---\n{body}\n",
            encoding="utf-8",
        )
    topics = sorted({path.parent.name for path in folder.glob("*/*.md")})
    (folder / "sources.yaml").write_text(
        "press: {publisher: The Press, title: News, date: 2025-06, url: 'https://example.org/'}\n"
    )
    (folder / "topics.yaml").write_text(
        "".join(f"- {{id: {topic}, title: {{en: {topic.title()}}}}}\n" for topic in topics)
    )
