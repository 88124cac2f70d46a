"""Check, build and open an index, with what an operator sees while that runs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.settings import Settings
from index.errors import ArtifactError
from index.knowledge.reader import read_knowledge
from index.knowledge.yaml_lines import Severity
from index.search.index import Index
from index.version.versions import live_version

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from index.build import Report


def check_knowledge(settings: Settings) -> int:
    """Print every problem of the knowledge folder and return the exit code."""
    from index.knowledge.lint import lint

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


def _token_counter(settings: Settings):  # type: ignore[no-untyped-def]
    """Return how to count tokens, and how many the encoder reads; ``None`` where no encoder is at hand."""
    from tokenizers import Tokenizer

    from index.encoder.passage_encoder import locate
    from index.encoder.query_encoder import TOKENIZER_FILE, EncoderCard
    from index.version.manifest import read_manifest
    from index.version.versions import encoder_folder, index_folder

    try:
        version = live_version(settings.index_home)
        if version is not None:
            manifest = read_manifest(index_folder(settings.index_home) / version, verify=False)
            folder = encoder_folder(settings.index_home, manifest.encoder_key)
            limit = EncoderCard.read(folder).max_tokens
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        else:
            import json

            folder = Path(locate(settings.encoder)[0])
            limit = int(json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"])
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except Exception:  # tokenizers raises bare Exception; without any of this the lengths go unchecked, which is said
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
    counts = (
        f"{result.snippets} snippets, {result.translations} passages: {result.embedded} embedded, {result.reused} reused."
    )
    return f"{counts}\nPublished version {result.version}"


def roll_back(settings: Settings) -> str:
    """Make the version before the live one live; return the line that says so."""
    from index.build.builder import rollback

    return f"Rolled back; live is version {rollback(settings.index_home)}"


def open_or_build(settings: Settings) -> Index:
    """Open the live index, building it first where there is none and building is possible.

    Raises ArtifactError that says how to get one when it is not.
    """
    if live_version(settings.index_home) is None:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise ArtifactError(
                f"{settings.index_home}: no index here, and building one needs packages that are not installed: "
                f"pip install 'partnership-bot[build]' (or '.[build]' in a clone)."
            )
        where = f"No index in {settings.index_home} yet"
        click.echo(f"{where}: building one from {settings.knowledge_dir} (once).", err=True)
        click.echo(build_index(settings), err=True)
    return Index.open(settings.index_home)


@contextmanager
def _reporting() -> Iterator[Report]:
    """Show the steps of a build: bars on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = _Bars(progress)
        yield bars
        bars.finish()


class _Lines:
    """Steps as lines on standard error."""

    def step(self, name: str, total: int | None = None) -> None:
        click.echo(f"{name} …", err=True)

    def advance(self, count: int) -> None:
        """Lines do not move."""

    def say(self, text: str) -> None:
        click.echo(text, err=True)


class _Bars:
    """Steps as rich progress bars."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def step(self, name: str, total: int | None = None) -> None:
        self.finish()
        self._task = self._progress.add_task(name, total=total)

    def advance(self, count: int) -> None:
        if self._task is not None:
            self._progress.advance(self._task, count)

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def finish(self) -> None:
        if self._task is not None:
            done = self._progress.tasks[self._task].completed
            self._progress.update(self._task, total=max(1, done), completed=max(1, done))
            self._progress.stop_task(self._task)
