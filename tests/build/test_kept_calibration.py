"""A fit holds until a twentieth of the translations has changed, or anything else that it rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.build.builder import BuildOptions, build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.version.manifest import Manifest, read_manifest
from index.version.versions import index_folder
from tests.support.small_knowledge import SMALL, MakeKnowledge

TOWNS = {f"places/town-{n}.md": (f"Town {n}", f"Town {n} has {n} mines.", [f"mines of town {n}"]) for n in range(20)}


@pytest.fixture
def folder(make_knowledge: MakeKnowledge) -> Path:
    """Twenty-six snippets, so that one of them is less than a twentieth and two are more."""
    return make_knowledge(SMALL | TOWNS)


def built(folder: Path, data: Path, *, force: bool = False) -> Manifest:
    result = build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(force=force))
    return read_manifest(index_folder(data) / result.version)


def edit(folder: Path, town: int) -> None:
    file = folder / f"places/town-{town}.md"
    file.write_text(file.read_text() + f"Town {town} has a school for geologists.\n")


def test_an_edit_keeps_the_fit_and_many_edits_renew_it(folder: Path, data: Path) -> None:
    """Changes count together, whether a translation was edited, added or removed."""
    first = built(folder, data)
    assert first.fit.changed == 0
    edit(folder, 1)
    second = built(folder, data)
    assert (second.fit.changed, second.calibration) == (1, first.calibration)
    (folder / "sources.yaml").write_text((folder / "sources.yaml").read_text().replace("The Press", "The Herald"))
    again = built(folder, data)
    assert (again.fit, again.calibration) == (second.fit, first.calibration)
    (folder / "places/town-2.md").unlink()
    third = built(folder, data)
    assert third.fit.changed == 0
    assert third.calibration != first.calibration


def test_a_fit_for_other_costs_or_synonyms_is_not_kept(folder: Path, data: Path) -> None:
    """Nor is any where the operator insists on building anew."""
    built(folder, data)
    (folder / "evaluation.yaml").write_text("costs: {wrong_answer: 3}\n")
    edit(folder, 1)
    costly = built(folder, data)
    assert costly.fit.changed == 0
    (folder / "synonyms.yaml").write_text("- [mine, pit]\n")
    edit(folder, 2)
    other = built(folder, data)
    assert (other.fit.changed, other.fit.conditions != costly.fit.conditions) == (0, True)
    edit(folder, 3)
    assert built(folder, data).fit.changed == 1
    assert built(folder, data, force=True).fit.changed == 0
