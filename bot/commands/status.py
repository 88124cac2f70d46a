"""What is live, whether it answers, and how far it can be trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.filesize import decimal

from bot.commands.running_bot import bot_problem
from bot.commands.terminal import print_json
from bot.database import open_for_reading
from bot.settings import LOG_FILE, Settings
from index.errors import UserFacingError
from index.search.answer import Answer
from index.search.decision import ALL_LANGUAGES
from index.search.index import Index
from index.version.versions import live_version, versions

_READS, _READS_NOT = 0.8, 0.2
_EXPECTED = {
    "false_answers": "unanswerable answered",
    "near_miss": "near misses answered",
    "off_topic": "off-topic answered",
    "off_topic_shown": "passages shown for off-topic",
    "withheld": "right passages withheld",
}
_MEASURED = {
    "recall_at_1": "right passage first",
    "recall_at_3": "among the first three",
    "withheld": "right passage withheld",
    "wrong_answers": "answered with a wrong one",
    "false_answers": "unanswerable but answered",
}


def probe(index: Index) -> tuple[Answer, bool]:
    """Ask an index for its first snippet by the snippet's own words; return the answer, and whether it is found."""
    snippet = index.snippets.translation(0)
    question = snippet.questions[0] if snippet.questions else snippet.text[slice(*snippet.sentences[0])]
    answer = index.answer(question, snippet.language, limit=10)
    return answer, any(hit.snippet.id == snippet.id for hit in answer.hits)


def print_status(settings: Settings, *, as_json: bool) -> int:
    """Print the state of the live index, the query log and, where it serves its health, the running bot.

    Returns:
        0, or 1 when the index does not answer or the bot is not well.
    """
    status = _status(settings)
    if settings.http_listen:
        status["bot"] = problem = bot_problem(settings.http_listen)
        status["ok"] = status["ok"] and not problem
    if as_json:
        print_json(status)
    else:
        for line in _lines(status):
            click.echo(line)
    return 0 if status["ok"] else 1


def _status(settings: Settings) -> dict[str, Any]:
    data = settings.index_home
    status: dict[str, Any] = {"ok": False, "data": str(data)}
    try:
        status["live"] = live_version(data)
        index = Index.open(data)
    except (UserFacingError, OSError) as error:
        status["trouble"] = str(error)
    else:
        with closing(index):
            status.update(_of_index(index))
    status["versions"] = versions(data)
    if log := _log(settings.data_dir / LOG_FILE):
        status["log"] = log
    return status


def _of_index(index: Index) -> dict[str, Any]:
    manifest = index.manifest
    built = datetime.fromisoformat(manifest.built)
    answer, found = probe(index)
    status: dict[str, Any] = {
        "ok": found,
        "live": index.version,
        "built": manifest.built,
        "age_seconds": max(0, round((datetime.now(UTC) - built).total_seconds())),
        "overridden": manifest.overridden,
        "snippets": manifest.counts["snippets"],
        "passages": manifest.counts["translations"],
        "topics": len(index.topics),
        "sources": len(index.sources),
        "languages": list(index.languages),
        "encoder": {
            "id": manifest.encoder_id,
            "revision": manifest.encoder_revision,
            "dimension": manifest.dimension,
            "reads": {language: manifest.encoder_reads[language] for language in index.languages},
        },
        "probe_ms": round(answer.ms, 1),
        "calibration": {
            name: {
                "answer_from": calibration.answer,
                "closest_from": calibration.closest,
                "costs": asdict(calibration.costs),
                "questions": dict(calibration.questions),
                "expected": dict(calibration.expected),
            }
            for name, calibration in manifest.calibration.items()
        },
        "evaluation": manifest.evaluation.model_dump(exclude={"results"}) if manifest.evaluation else {},
    }
    if not found:
        status["trouble"] = (
            "the index opens, but does not find a passage by its own words; run 'partnership-bot build --force'."
        )
    return status


def _log(path: Path) -> dict[str, Any] | None:
    """Return how many questions the log holds and how large it is, ``None`` where there is none."""
    if not path.is_file():
        return None
    found: dict[str, Any] = {"file": str(path)}
    try:
        # The newest rows may still be in the write-ahead file.
        files = (path, path.with_name(f"{path.name}-wal"))
        found["bytes"] = sum(file.stat().st_size for file in files if file.exists())
        with closing(open_for_reading(path)) as connection:
            count, latest = connection.execute("SELECT count(*), max(time) FROM questions").fetchone()
        found.update(questions=count, latest=latest)
    except (sqlite3.Error, OSError) as error:
        found["trouble"] = f"cannot be read: {error}"
    return found


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    if "trouble" in status:
        yield f"Not well: {status['trouble']}"
    if "built" in status:
        yield from _index_lines(status)
    if "bot" in status:
        yield f"Bot: not well: {status['bot']}" if status["bot"] else "Bot: receives and answers"
    older = [version for version in status["versions"] if version != status.get("live")]
    if older:
        yield f"Kept versions: {', '.join(older)} ('build --rollback' returns to the one before)"
    log = status.get("log")
    if log is None:
        yield "Query log: none yet"
    elif "trouble" in log:
        yield f"Query log: {log['file']} {log['trouble']}"
    else:
        latest = f", the latest on {log['latest'][:16].replace('T', ' ')} UTC" if log["latest"] else ""
        yield f"Query log: {log['questions']:,} questions, {decimal(log['bytes'])}{latest}"


def _index_lines(status: Mapping[str, Any]) -> Iterator[str]:
    forced = "; published with --force although its evaluation spoke against it:" if status["overridden"] else ""
    yield f"Live version: {status['live']}, built {_age(status['age_seconds'])} ago{forced}"
    yield from (f"  {line}" for line in status["overridden"].splitlines())
    yield (
        f"Knowledge: {status['snippets']:,} snippets in {', '.join(status['languages'])} "
        f"({status['passages']:,} passages), "
        f"{status['topics']} topics, {status['sources']} sources"
    )
    encoder = status["encoder"]
    yield f"Encoder: {encoder['id']} ({encoder['revision']}); {_reading(encoder['reads'])}"
    if status["ok"]:
        yield f"Answering: yes, a probe took {status['probe_ms']:.1f} ms"
    calibrations = {name: values for name, values in status["calibration"].items() if values["expected"]}
    if calibrations:
        any_one = next(iter(calibrations.values()))
        costs = any_one["costs"]
        yield (
            f"Calibration: a wrong answer costs as much as {costs['wrong_answer'] / costs['withheld']:g} right answers "
            f"that are only offered, so a passage is the answer from {_percent(any_one['answer_from'])} confidence; "
            "expected from held-out questions:"
        )
        for name, values in calibrations.items():
            yield f"  {'all questions' if name == ALL_LANGUAGES else name}: {_expectation(values)}"
    else:
        yield "Calibration: the knowledge gave no questions to calibrate with; general thresholds are used"
    metrics = status["evaluation"].get("metrics")
    if metrics:
        yield f"Evaluation: {metrics['questions']} questions when it was built: {_shares(metrics, _MEASURED)}"
    else:
        yield "Evaluation: none, the knowledge had no evaluation.yaml when this version was built"


def _expectation(values: Mapping[str, Any]) -> str:
    asked = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in values["questions"].items())
    return f"{_shares(values['expected'], _EXPECTED)} (asked: {asked}; answers from {values['answer_from']:.2f})"


def _shares(values: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return ", ".join(f"{words[name]} {_percent(values[name])}" for name in words if values.get(name) is not None)


def _reading(shares: Mapping[str, float]) -> str:
    groups = {
        "reads": [language for language, share in shares.items() if share > _READS],
        "reads partly": [language for language, share in shares.items() if _READS_NOT <= share <= _READS],
        "cannot read": [language for language, share in shares.items() if share < _READS_NOT],
    }
    text = "; ".join(f"{how} {', '.join(languages)}" for how, languages in groups.items() if languages)
    return text + (" (matched by words and letters alone)" if groups["cannot read"] else "")


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def _age(seconds: int) -> str:
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "less than a minute"
