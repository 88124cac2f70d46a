"""Check the knowledge, build and open an index, and show the operator how that goes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.settings import Settings
from index.build import Report
from index.errors import ArtifactError
from index.search.index import Index
from index.version.versions import encoder_folder, index_folder, live_version

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def check_knowledge(settings: Settings) -> int:
    """Print every problem of the knowledge folder and return the exit code."""
    from index.knowledge.lint import lint
    from index.knowledge.reader import read_knowledge
    from index.knowledge.yaml_lines import Severity

    knowledge = read_knowledge(settings.knowledge_dir)
    count_tokens, max_tokens = _token_counter(settings)
    problems = sorted([*knowledge.problems, *lint(knowledge, count_tokens, max_tokens)])
    for problem in problems:
        click.echo(str(problem))
    if count_tokens is None:
        click.echo("Lengths were not checked: no encoder is at hand; run 'partnership-bot build' once.", err=True)
    failing = sum(problem.severity is not Severity.NOTE for problem in problems)
    languages = sorted({snippet.language for snippet in knowledge.snippets})
    snippets = len({snippet.id for snippet in knowledge.snippets})
    if not knowledge.snippets and not failing:
        click.echo(
            f"{settings.knowledge_dir}: holds no snippets: add .md files with front matter, or plain .md or .txt files."
        )
        return 1
    click.echo(
        f"{snippets} snippets in {', '.join(languages) or 'no language'}: {failing} problem(s), "
        f"{len(problems) - failing} warning(s).",
        err=True,
    )
    return 1 if failing else 0


def _token_counter(settings: Settings) -> tuple[Callable[[str], int] | None, int]:
    """Return how to count tokens, and how many the encoder reads; ``None`` where no encoder is at hand."""
    from tokenizers import Tokenizer

    from index.encoder.model_source import locate
    from index.encoder.query_encoder import TOKENIZER_FILE, EncoderCard
    from index.version.manifest import read_manifest

    try:
        version = live_version(settings.index_home)
        if version is not None:
            manifest = read_manifest(index_folder(settings.index_home) / version, verify=False)
            folder = encoder_folder(settings.index_home, manifest.encoder_key)
            limit = EncoderCard.read(folder).max_tokens
        else:
            folder = Path(locate(settings.encoder)[0])
            limit = int(json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"])
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except Exception:  # tokenizers raises bare Exception; the caller says that lengths were not checked
        return None, 0
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return (lambda text: len(tokenizer.encode(text).ids)), limit


def build_index(settings: Settings, *, force: bool = False) -> str:
    """Build and publish a version; return the lines that say what was done, the version on the last."""
    from index.build.builder import BuildOptions, build

    with _reporting() as report:
        result = build(
            settings.knowledge_dir,
            settings.index_home,
            encoder=settings.encoder,
            options=BuildOptions(
                query_prefix=settings.encoder_query_prefix,
                passage_prefix=settings.encoder_passage_prefix,
                force=force,
            ),
            report=report,
        )
    if result.unchanged:
        return f"Nothing has changed; live is version {result.version}"
    counts = f"{result.snippets} snippets, {result.translations} translations"
    vectors = f"{result.embedded} embedded, {result.reused} reused"
    return f"{counts}: {vectors}.\nPublished version {result.version}"


def open_or_build(settings: Settings, *, apart: bool = False) -> Index:
    """Open the live index; where there is none, build it first.

    Args:
        settings: Name the folders.
        apart: Build in a process of its own, so that this one never loads torch.

    Raises:
        ArtifactError: The index is damaged, or there is none and it cannot be built here.
    """
    home = settings.index_home
    if live_version(home) is None:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise ArtifactError(
                f"{home}: no index here, and building one needs packages that are not installed: "
                f"pip install 'partnership-bot[build]' (or '.[build]' in a clone)."
            )
        click.echo(f"No index in {home} yet: building one from {settings.knowledge_dir} (once).", err=True)
        if not apart:
            click.echo(build_index(settings), err=True)
        else:
            command = [sys.executable, "-m", "bot", "build", *folder_options(settings)]
            if subprocess.run(command, stdout=sys.stderr, check=False).returncode:  # noqa: S603 - this program itself
                raise ArtifactError(f"{home}: no index here, and building one failed; the reason stands above.")
    return Index.open(home)


def folder_options(settings: Settings) -> list[str]:
    """Return the options with which ``partnership-bot build`` uses the same folders."""
    return ["--knowledge", str(settings.knowledge_dir), "--data", str(settings.index_home)]


@contextmanager
def _reporting() -> Iterator[Report]:
    """Show the steps of a build on standard error: bars on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield _Steps(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        steps = _Steps(bars)
        yield steps
        steps.finish()


class _Steps(Report):
    """The steps of a build, as rich's bars or, without them, as lines."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def step(self, name: str, total: int | None = None) -> None:
        if self._bars is None:
            click.echo(f"{name} …", err=True)
            return
        self.finish()
        self._task = self._bars.add_task(name, total=total)

    def advance(self, count: int) -> None:
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, count)

    def say(self, text: str) -> None:
        if self._bars is None:
            click.echo(text, err=True)
        else:
            self._bars.console.print(text, markup=False, highlight=False)

    def finish(self) -> None:
        if self._bars is not None and self._task is not None:
            done = max(1, self._bars.tasks[self._task].completed)
            self._bars.update(self._task, total=done, completed=done)
            self._bars.stop_task(self._task)
