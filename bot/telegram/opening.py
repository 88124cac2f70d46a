"""The index a bot starts with: the published one, an older one where that is damaged, or one that is built first."""

from __future__ import annotations

import importlib.util
import logging
import shlex
import subprocess
import sys
from pathlib import Path

from bot.settings import Settings
from index.errors import ArtifactError, UserFacingError
from index.search.index import Index
from index.version.versions import index_folder, live_version, versions

logger = logging.getLogger(__name__)


def open_index(settings: Settings) -> Index:
    """Open the published index, or the newest older version that is sound; if nothing was published, build it first.

    Raises:
        UserFacingError: it is damaged and no older version is sound, or it is missing and cannot be built here.
    """
    home = settings.index_home
    live = live_version(home)
    if live is None:
        _build(settings)
        return Index.open(home)
    try:
        return Index.open(home)
    except UserFacingError as error:
        older = _newest_before(home, live)
        if older is None:
            raise
        logger.warning(
            "Index %s is published but cannot be used, so answers come from the older %s. Mend it with "
            "'partnership-bot build --force %s'. What is wrong: %s",
            live, older.version, shlex.join(_folders(settings)), error,
        )  # fmt: skip
        return older


def _newest_before(home: Path, live: str) -> Index | None:
    """Open the newest sound version that is older than ``live``: a newer one was rolled back or never published."""
    for name in reversed(versions(home)):
        if name < live:
            try:
                return Index.open(index_folder(home) / name)
            except UserFacingError as error:
                logger.info("The older index %s cannot be used either: %s", name, error)
    return None


def _build(settings: Settings) -> None:
    """Build in a process of its own: what serves Telegram never loads torch."""
    folders = _folders(settings)
    remedy = f"No index in {settings.index_home}. Build one: partnership-bot build {shlex.join(folders)}"
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ArtifactError(f"{remedy} (needs pip install 'partnership-bot[build]')")
    if not settings.knowledge_dir.is_dir():
        raise ArtifactError(f"{remedy} ({settings.knowledge_dir} is not a folder)")
    logger.info("There is no index in %s: building one from %s.", settings.index_home, settings.knowledge_dir)
    if subprocess.run([sys.executable, "-m", "bot", "build", *folders], stdout=sys.stderr, check=False).returncode:  # noqa: S603 - ourselves
        raise ArtifactError(f"{remedy} (the build failed, see above)")


def _folders(settings: Settings) -> list[str]:
    return ["--knowledge", str(settings.knowledge_dir), "--data", str(settings.index_home)]
