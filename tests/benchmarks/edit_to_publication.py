"""Edit one snippet of a knowledge folder, build a candidate, publish it, and show how long each phase takes.

Each edit adds a sentence to one translation of a copy of the folder. The candidate is built in a fresh process, as the
review page does it, and published in another one. Both times hold the start of the process. On a busy machine the
processor time says more than the time on the clock.

    python tests/benchmarks/edit_to_publication.py --data data --edits 3
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.build import Report


class Phases(Report):
    """Measures the steps of a build."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, float, float]] = []

    def step(self, name: str, total: int | None = None) -> None:
        """Note when a step begins."""
        self._steps.append((name, time.perf_counter(), time.process_time()))

    def print(self) -> None:
        """Print how long each step took."""
        self.step("end")
        for (name, began, used), (_, ended, then) in zip(self._steps, self._steps[1:], strict=False):
            print(f"  {ended - began:6.2f} s  {then - used:6.2f} s of processor time  {name}")


def build_candidate(knowledge: Path, data: Path) -> str:
    """Build a candidate, print its phases and return its name."""
    phases = Phases()
    phases.step("Importing")
    from index.build.builder import BuildOptions, build
    from index.encoder.passage_encoder import DEFAULT_ENCODER

    options = BuildOptions(publish=False)
    result = build(knowledge, data, encoder=DEFAULT_ENCODER, options=options, report=phases)
    phases.print()
    if result.objections:
        print("\n".join(result.objections))
    loaded = sorted({"torch", "sentence_transformers"} & sys.modules.keys())
    print(f"  {result.embedded} translations embedded; loaded: {', '.join(loaded) or 'no torch'}")
    return result.version


def publish(data: Path, version: str) -> None:
    """Publish a candidate."""
    from index.build.builder import publish_candidate

    publish_candidate(data, version)


def edit(knowledge: Path, number: int) -> str:
    """Add a sentence to a translation and return its name."""
    files = sorted(path for path in knowledge.glob("*/*.md"))
    chosen = files[number * 7919 % len(files)]
    text = chosen.read_text(encoding="utf-8").rstrip("\n")
    chosen.write_text(f"{text} This was confirmed once more in report {number + 1}.\n", encoding="utf-8")
    return chosen.relative_to(knowledge).as_posix()


def timed(what: str, command: list[str], answer: Callable[[str], str | None] = lambda line: None) -> str:
    """Run this program again for one phase, print its time, and return what ``answer`` finds in a line."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, __file__, *command], capture_output=True, text=True, check=True)
    now = os.times()
    used = now.children_user + now.children_system - before.children_user - before.children_system
    print(f"{what}: {time.perf_counter() - began:.2f} s, {used:.2f} s of processor time")
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if answer(line) is None), end="\n" if lines else "", flush=True)
    return next(filter(None, map(answer, lines)), "")


def main() -> None:
    """Edit, build and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"), help="the folder to edit a copy of")
    parser.add_argument("--data", type=Path, required=True, help="a data folder with its published version")
    parser.add_argument("--edits", type=int, default=3, help="how many snippets to edit, one after the other")
    parser.add_argument("--phase", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase == ["try"]:
        print(json.dumps({"version": build_candidate(options.knowledge, options.data)}))
        return
    if options.phase:
        publish(options.data, options.phase[1])
        return
    with tempfile.TemporaryDirectory() as scratch:
        knowledge, data = Path(scratch) / "knowledge", Path(scratch) / "data"
        shutil.copytree(options.knowledge, knowledge)
        shutil.copytree(options.data, data)
        places = ["--knowledge", str(knowledge), "--data", str(data)]
        for number in range(options.edits):
            print(f"Edit {number + 1}: {edit(knowledge, number)}")
            version = timed("candidate", [*places, "--phase", "try"], _version)
            timed("publication", [*places, "--phase", "publish", version])


def _version(line: str) -> str | None:
    return json.loads(line)["version"] if line.startswith("{") else None


if __name__ == "__main__":
    main()
