"""Serving loads nothing heavy, the layers of ``index`` stay apart, and its map is complete."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import index
from tests.support.small_knowledge import SMALL, MakeKnowledge

ROOT = Path(__file__).parents[2]
PACKAGE = Path(str(index.__file__)).parent
HEAVY = {"torch", "transformers", "sentence_transformers"}

LAYERS = (
    "errors",
    "text",
    "question",
    "knowledge",
    "encoder",
    "search",
    "version",
    "search.index",
    "evaluation",
    "build",
)
"""A module of ``index`` imports only from its own layer and those before it. The facade ``search.index`` opens
versions, and is therefore a layer of its own."""
UPWARD = {
    ("knowledge.lint", "evaluation.evaluation_set"): "checking a folder includes its evaluation questions",
    ("encoder.query_encoder", "version.versions"): "an encoder is sealed by a hash as a version is",
    ("version.write", "build.embed"): "names the type of what is written",
    ("search.prefix", "version.snippet_db"): "collects the words of all snippets",
    ("search.answerability", "version.snippet_db"): "judges a snippet in all its languages",
    ("evaluation.gate", "build"): "the gate reports as the rest of a build does",
}
"""The exceptions, and why."""

# Runs the program with the arguments given to it, then prints on standard error which modules are loaded.
PROGRAM = """
import json, sys
from bot.cli import cli
try:
    cli(sys.argv[1:], prog_name="partnership-bot")
finally:
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def loaded(done: subprocess.CompletedProcess[str]) -> set[str]:
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("module", ["bot.cli", "bot.telegram.run", "bot.commands.build", "index", "index.search.index"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    """No module of the serving side reaches the libraries of the build."""
    done = run(f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)), file=sys.stderr)")
    assert done.returncode == 0, done.stderr
    assert {name.split(".")[0] for name in loaded(done)} & HEAVY == set()


def test_answering_loads_nothing_heavy(built_small: Path) -> None:
    """A question answered from an existing index loads FAISS and ONNX Runtime, and nothing of the build."""
    done = run(PROGRAM, "ask", "--json", "--data", str(built_small), "who is the trade envoy")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hits"][0]["id"] == "people/envoy"
    assert loaded(done) & HEAVY == set()
    assert {"faiss", "onnxruntime", "tokenizers"} <= loaded(done)


def test_answering_works_where_the_build_extra_is_not_installed(built_small: Path) -> None:
    """The libraries of the build may be missing altogether."""
    missing = "import sys\nfor name in ('torch', 'transformers', 'sentence_transformers', 'onnx', 'onnxscript'):\n"
    done = run(missing + "    sys.modules[name] = None\n" + PROGRAM, "ask", "--data", str(built_small), "trade envoy")
    assert done.returncode == 0, done.stderr
    assert "Lord Alderdice" in done.stdout


def test_checking_loads_nothing_heavy(built_small: Path) -> None:
    """An editor's check of the knowledge needs no model either."""
    done = run(PROGRAM, "check", "--knowledge", str(built_small.parent / "knowledge"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert loaded(done) & HEAVY == set()


def test_building_with_an_exported_encoder_loads_nothing_heavy(small_data: Path, make_knowledge: MakeKnowledge) -> None:
    """torch is there to export: an edited snippet is embedded and published without it, even where it is missing."""
    folder = make_knowledge(SMALL | {"metals/zinc.md": ("Zinc", "Zinc is mined near Ridder.", ["where is zinc mined"])})
    missing = "import sys\nfor name in ('torch', 'transformers', 'sentence_transformers', 'onnx', 'onnxscript'):\n"
    code = missing + "    sys.modules[name] = None\n" + PROGRAM
    done = run(code, "build", "--knowledge", str(folder), "--data", str(small_data))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 embedded, 6 reused" in done.stdout
    again = run(PROGRAM, "build", "--knowledge", str(folder), "--data", str(small_data))
    assert "Nothing has changed" in again.stdout
    assert loaded(again) & HEAVY == set()


def modules() -> dict[str, Path]:
    """The modules of ``index`` by their names inside it."""
    files = (path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in files}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative"
            yield str(node.module)


def layer(module: str) -> int:
    return max(number for number, name in enumerate(LAYERS) if f"{module}.".startswith(f"{name}."))


def test_the_index_does_not_know_the_bot() -> None:
    """``bot`` imports ``index``, never the reverse."""
    for path in PACKAGE.rglob("*.py"):
        assert not [name for name in imports(path) if name.split(".")[0] == "bot"], path


def test_modules_import_from_the_layers_before_their_own() -> None:
    """Every import against that order is a known exception, and every exception is needed."""
    upward = {
        (module, name.removeprefix("index."))
        for module, path in modules().items()
        for name in imports(path)
        if name.startswith("index.") and layer(name.removeprefix("index.")) > layer(module)
    }
    assert upward == set(UPWARD)


def test_the_public_names_exist_and_are_all_listed() -> None:
    """``__all__`` is sorted, and holds what the package imports for others and nothing else."""
    assert index.__all__ == sorted(index.__all__)
    tree = ast.parse(Path(str(index.__file__)).read_text(encoding="utf-8"))
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(index.__all__)
    assert all(hasattr(index, name) for name in index.__all__)


def test_the_map_of_the_package_names_its_modules() -> None:
    """The docstring of ``index`` names every module once, under its folder, and nothing else."""
    named, folder = [], ""
    for line in str(index.__doc__).splitlines():
        if found := re.match(r" {4}(\w+)(/?) {2,}\w", line):
            folder = f"{found[1]}." if found[2] else ""
            named += [] if found[2] else [found[1]]
        elif found := re.match(r" {6}(\w+) +\w", line):
            named.append(f"{folder}{found[1]}")
    assert sorted(named) == sorted(modules())
