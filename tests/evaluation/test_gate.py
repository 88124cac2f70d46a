"""What keeps a version from being published, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import cli
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import BuildError
from index.evaluation.comparison import mcnemar
from index.search.index import Index
from index.version.manifest import read_manifest
from index.version.versions import index_folder, live_version, versions

MakeKnowledge = Callable[..., Path]

QUESTIONS = {
    "metals/copper": ["tonnes of copper made in 2025", "where is the copper plant", "copper plant near balkhash"],
    "metals/uranium": ["who mines most uranium", "tonnes of uranium mined in 2023"],
    "people/envoy": ["when was lord alderdice named trade envoy", "alderdice role"],
    "deals/roadmap": ["who signed the roadmap in london"],
    "deals/memorandum": ["which memorandum was signed in astana in 2023"],
    "schools/cardiff": ["which university has a campus in astana", "cardiff university campus opened"],
}


def write_evaluation(folder: Path, floor: str = "") -> None:
    """Write questions about the six small snippets, with a floor."""
    entries = [{"question": text, "answers": [name]} for name, texts in QUESTIONS.items() for text in texts]
    stray = {"question": "how do i cook rice", "answers": [], "kind": "off-topic"}
    (folder / "evaluation.yaml").write_text(f"{floor}\nquestions: {json.dumps([*entries, stray])}\n")


def live_manifest(data: Path):  # type: ignore[no-untyped-def]
    """Return the manifest of the live version."""
    version = live_version(data)
    assert version is not None
    return read_manifest(index_folder(data) / version)


@pytest.mark.parametrize(
    ("lost", "gained", "chance"), [(0, 0, 1), (7, 0, 1 / 128), (0, 7, 1), (9, 1, 11 / 1024), (2, 2, 11 / 16)]
)
def test_mcnemar_is_the_binomial_tail(lost: int, gained: int, chance: float) -> None:
    """The exact one-sided test is a fair coin's chance of so many losses or more."""
    assert mcnemar(lost, gained) == pytest.approx(chance)


def test_the_manifest_records_the_evaluation(make_knowledge: MakeKnowledge, data: Path) -> None:
    """A build keeps what was measured, without the questions, and asks only of snippets there are."""
    folder = make_knowledge()
    write_evaluation(folder, "floor: {recall_at_1: 0.5}")
    with (folder / "evaluation.yaml").open("a") as stream:
        stream.write("# the end\n")
    text = (folder / "evaluation.yaml").read_text()
    (folder / "evaluation.yaml").write_text(text.replace('["deals/roadmap"]', '["deals/gone"]'))
    build(folder, data, encoder=DEFAULT_ENCODER)
    manifest = live_manifest(data)
    assert manifest.evaluation.metrics["recall_at_1"] >= 0.5
    assert manifest.evaluation.metrics["questions"] == 11
    assert manifest.evaluation.stale == 1
    assert not manifest.overridden
    assert "cook rice" not in manifest.evaluation.model_dump_json()


def test_below_the_floor_nothing_is_published_unless_forced(make_knowledge: MakeKnowledge, data: Path) -> None:
    """The build ends with 1 and a table, the live version stays and nothing is left behind; --force is recorded."""
    folder = make_knowledge()
    before = build(folder, data, encoder=DEFAULT_ENCODER).version
    write_evaluation(folder, "floor: {calibration_error: 0.0, en: {brier: 0.0}}")
    path = folder / "metals" / "copper.md"
    path.write_text(path.read_text().replace("Copper output was", "The plant's copper output was"))
    place = ["--knowledge", str(folder), "--data", str(data)]
    result = CliRunner().invoke(cli, ["build", *place])
    assert result.exit_code == 1
    assert "calibration_error" in result.output
    assert "brier (en)" in result.output
    assert "the floor is at most 0" in result.output
    assert "--force" in result.output
    assert "Traceback" not in result.output
    assert live_version(data) == before
    assert versions(data) == [before]
    assert not list(index_folder(data).glob(".building-*"))
    result = CliRunner().invoke(cli, ["build", "--force", *place])
    assert result.exit_code == 0, result.output
    assert live_version(data) != before
    assert "brier (en)" in live_manifest(data).overridden
    status = CliRunner().invoke(cli, ["status", "--data", str(data)]).output
    assert "published with --force" in status
    assert "calibration_error" in status


def test_a_floor_that_nothing_can_measure_refuses(make_knowledge: MakeKnowledge, data: Path) -> None:
    """A language nobody asks in any more would switch its floor off unnoticed."""
    folder = make_knowledge()
    write_evaluation(folder, "floor: {ru: {recall_at_1: 0.5}}")
    with pytest.raises(BuildError, match=r"recall_at_1 \(ru\) .*no question asked that could tell"):
        build(folder, data, encoder=DEFAULT_ENCODER)
    assert live_version(data) is None


def test_clearly_worse_than_the_live_version_is_refused(make_knowledge: MakeKnowledge, data: Path) -> None:
    """When an edit loses most questions the live version answers, the table names the loss and the questions."""
    folder = make_knowledge()
    write_evaluation(folder)
    before = build(folder, data, encoder=DEFAULT_ENCODER).version
    names = list(QUESTIONS)
    texts = [(folder / f"{name}.md").read_text() for name in names]
    for name, text in zip(names, [*texts[1:], texts[0]], strict=True):
        (folder / f"{name}.md").write_text(text)
    with pytest.raises(BuildError, match=r"recall_at_1 .* questions lost, 0 won since the live version") as refused:
        build(folder, data, encoder=DEFAULT_ENCODER)
    assert "tonnes of copper made in 2025" in str(refused.value)
    assert live_version(data) == before
    Index.open(data).close()


def test_a_small_loss_is_published(make_knowledge: MakeKnowledge, data: Path) -> None:
    """A snippet that was taken out takes its questions with it; that alone is not a clear loss."""
    folder = make_knowledge()
    write_evaluation(folder)
    before = build(folder, data, encoder=DEFAULT_ENCODER).version
    (folder / "deals" / "roadmap.md").unlink()
    assert build(folder, data, encoder=DEFAULT_ENCODER).version != before


def test_questions_that_cannot_be_read_stop_the_build(make_knowledge: MakeKnowledge, data: Path) -> None:
    """A broken file would silently switch the gate off, so it is an error with file and line."""
    folder = make_knowledge()
    (folder / "evaluation.yaml").write_text("floor: {recall_at_one: 0.9}\nquestions: []\n")
    with pytest.raises(BuildError, match=r"evaluation\.yaml:1: floor: unknown metric 'recall_at_one'"):
        build(folder, data, encoder=DEFAULT_ENCODER)
    assert live_version(data) is None
