"""Edit single snippets of a knowledge folder, build each time, and show what moves and what the gate says.

Every edit starts from the same published version: a snippet is removed, one is added beside another, or one loses an
example question and its last sentence. At the end come two changes that really lose questions, which the gate must
refuse: ten snippets without example questions, and two snippets with swapped bodies.

    python tests/benchmarks/edit_stability.py --data data --edits 40
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.build import kept_calibration
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import BuildError
from index.version.manifest import read_manifest
from index.version.versions import index_folder, live_version

_LIST = r"^{name}:\n(?:  - .*\n)+"


def _originals(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*/*.md") if path.name.count(".") == 1)


def _translations(original: Path) -> list[Path]:
    return sorted(original.parent.glob(f"{original.stem}.*md"))


def _split(path: Path) -> tuple[str, str]:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return front, body


def _write(path: Path, front: str, body: str) -> None:
    path.write_text(f"---\n{front}---\n{body}", encoding="utf-8")


def remove(originals: Sequence[Path], random: random.Random) -> str:
    """Remove a snippet in all languages."""
    chosen = random.choice(originals)
    for path in _translations(chosen):
        path.unlink()
    return f"removed {chosen.stem}"


def add(originals: Sequence[Path], random: random.Random) -> str:
    """Add a snippet that tells the same as another one in its first sentence, and is asked for in two of its ways."""
    chosen = random.choice(originals)
    for path in _translations(chosen):
        front, body = _split(path)
        questions = re.findall(r"^  - .*\n", front.split("questions:\n", 1)[1].split("does_not_answer:")[0], re.M)[:2]
        front = re.sub(_LIST.format(name="questions"), "questions:\n" + "".join(questions), front, flags=re.M)
        sibling = path.with_name(path.name.replace(chosen.stem, f"{chosen.stem}-again", 1))
        _write(sibling, front, body.split(". ")[0].rstrip(".\n") + ".\n")
    return f"added {chosen.stem}-again"


def edit(originals: Sequence[Path], random: random.Random) -> str:
    """Take the first example question and the last sentence from a snippet in all languages."""
    chosen = random.choice(originals)
    for path in _translations(chosen):
        front, body = _split(path)
        front = re.sub(r"^questions:\n  - .*\n", "questions:\n", front, count=1, flags=re.M)
        sentences = body.strip().split(". ")
        _write(path, front, ". ".join(sentences[:-1] or sentences).rstrip(".") + ".\n")
    return f"edited {chosen.stem}"


def without_questions(originals: Sequence[Path], random: random.Random) -> str:
    """Take all example questions from ten snippets."""
    for chosen in random.sample(originals, 10):
        for path in _translations(chosen):
            front, body = _split(path)
            _write(path, re.sub(_LIST.format(name="questions"), "", front, flags=re.M), body)
    return "ten snippets without example questions"


def swap(originals: Sequence[Path], random: random.Random) -> str:
    """Swap the bodies of two snippets in all languages."""
    one, other = random.sample(originals, 2)
    for first, second in zip(_translations(one), _translations(other), strict=True):
        (front, body), (other_front, other_body) = _split(first), _split(second)
        _write(first, front, other_body)
        _write(second, other_front, body)
    return f"swapped {one.stem} and {other.stem}"


def _try(change: Callable[[Sequence[Path], random.Random], str], knowledge: Path, data: Path, seed: int) -> None:
    """Build one changed copy of the folder on a copy of the live version, and print what came of it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, copy = Path(scratch) / "knowledge", Path(scratch) / "data"
        shutil.copytree(knowledge, folder)
        shutil.copytree(data, copy)
        before = _thresholds(copy)
        what = change(_originals(folder), random.Random(seed))
        try:
            build(folder, copy, encoder=DEFAULT_ENCODER)
        except BuildError as error:
            print(f"{what}: refused\n{error}", flush=True)
            return
        after = _thresholds(copy)
        moved = max(abs(after[name] - before[name]) for name in before)
        print(f"{what}: published, thresholds moved by at most {moved:.4f}", flush=True)


def _thresholds(data: Path) -> dict[tuple[str, str], float]:
    calibrations = read_manifest(index_folder(data) / str(live_version(data)), verify=False).calibration
    return {
        (language, name): getattr(calibration, name)
        for language, calibration in calibrations.items()
        for name in ("answer", "closest")
    }


def main() -> None:
    """Try the edits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"), help="the folder to edit copies of")
    parser.add_argument("--data", type=Path, required=True, help="a data folder with its published version")
    parser.add_argument("--edits", type=int, default=40, help="how many single snippets to change")
    parser.add_argument("--seed", type=int, default=1, help="chooses the snippets")
    options = parser.parse_args()
    kept_calibration.MOST_CHANGED = 0.0  # what is measured is how far a new fit moves
    changes = (remove, add, edit)
    for number in range(options.edits):
        _try(changes[number % 3], options.knowledge, options.data, options.seed * 1_000 + number)
    for change in (without_questions, swap):
        _try(change, options.knowledge, options.data, options.seed)


if __name__ == "__main__":
    main()
