"""What keeps a build from working on a machine, said in one line."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import BuildError

# What SQLite, torch, FAISS, ONNX Runtime and tokenizers say, each in an exception of its own. numpy gives no reason,
# only how many bytes were "requested and" how many were written.
_DISK_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "disk is full", "requested and")
_NO_MEMORY = ("allocate memory", "bad_alloc", "bad allocation", "failed to map segment", "start new thread")


@contextmanager
def machine_faults_named(data: Path) -> Iterator[None]:
    """Turn a full disk, too little memory and the like into an error that says so; leave other errors as they are.

    Raises:
        BuildError: The machine kept the block from working.
    """
    try:
        yield
    except Exception as error:
        problem = _problem(error, data)
        if problem is None:
            raise
        raise BuildError(f"{problem}. The live version is untouched.") from error


def _problem(error: Exception, data: Path) -> str | None:
    """Name what kept a build from working on this machine; ``None`` where the error is about something else."""
    if any(text in str(error) for text in _DISK_FULL):
        return f"{data}: the disk is full; free some space and build again"
    cause: BaseException | None = error
    while cause is not None:
        # C extensions that cannot even make a MemoryError return without one, which Python calls a SystemError.
        if isinstance(cause, MemoryError | SystemError) or any(text in str(cause) for text in _NO_MEMORY):
            return f"{data}: out of memory; free some and build again"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, sqlite3.Error):
        return f"{data}: {error}"
    if isinstance(error, OSError):
        return f"{error.filename or data}: {error.strerror or error}"
    # FAISS begins with its own source line, and raises a bare RuntimeError.
    _, found, file = str(error).partition("write error in")
    return f"{found}{file}" if found else None
