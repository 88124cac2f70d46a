"""The index a bot starts with: the published one, or one that is built first."""

from __future__ import annotations

import importlib.util
import logging
import shlex
import subprocess
import sys

from bot.settings import Settings
from index.artifact import live_version
from index.errors import ArtifactError
from index.search import Index

logger = logging.getLogger(__name__)


def open_index(settings: Settings) -> Index:
    """Open the published index; if there is none, build it first.

    Raises:
        PartnershipError: it is damaged, or missing and cannot be built here.
    """
    if live_version(settings.index_home) is None:
        _build(settings)
    return Index.open(settings.index_home)


def _build(settings: Settings) -> None:
    """Build in a process of its own: what serves Telegram never loads torch."""
    folders = ["--knowledge", str(settings.knowledge_dir), "--data", str(settings.index_home)]
    remedy = f"No index in {settings.index_home}. Build one: partnership-bot build {shlex.join(folders)}"
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ArtifactError(f"{remedy} (needs pip install 'partnership-bot[build]')")
    if not settings.knowledge_dir.is_dir():
        raise ArtifactError(f"{remedy} ({settings.knowledge_dir} is not a folder)")
    logger.info("There is no index in %s: building one from %s.", settings.index_home, settings.knowledge_dir)
    if subprocess.run([sys.executable, "-m", "bot", "build", *folders], stdout=sys.stderr, check=False).returncode:  # noqa: S603 - ourselves
        raise ArtifactError(f"{remedy} (the build failed, see above)")
