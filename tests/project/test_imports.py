"""Serving stays light, and the layers stay apart."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import index

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "transformers", "sentence_transformers"}

# Runs the program with the arguments given to it, then tells on standard error which modules are loaded.
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


def test_the_index_does_not_know_the_bot() -> None:
    """``bot`` imports ``index``, never the reverse."""
    for path in Path(str(index.__file__)).parent.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}:{node.lineno}"
                names = [node.module or ""]
            assert not any(name == "bot" or name.startswith("bot.") for name in names), f"{path.name}:{node.lineno}"


def test_the_public_names_exist_and_are_all_told() -> None:
    """``__all__`` is sorted, and holds what the package imports for others and nothing else."""
    assert index.__all__ == sorted(index.__all__)
    tree = ast.parse(Path(str(index.__file__)).read_text(encoding="utf-8"))
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(index.__all__)
    assert all(hasattr(index, name) for name in index.__all__)


def test_the_map_of_the_package_names_its_modules() -> None:
    """Every step in the docstring of ``index`` is a module."""
    steps = [
        line.split()[0] for line in str(index.__doc__).splitlines() if line.startswith("    ") and "  " in line[4:]
    ]
    assert len(steps) >= 6
    for step in steps:
        importlib.import_module(f"index.{step}")
