"""Input and output of the commands: streams that are never missing nor fail to encode, and lines in UTF-8."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.text_encoding import decoded


class _Ascii(io.TextIOWrapper):
    """A stream of ASCII. It calls itself something near, because click writes UTF-8 to a stream that says ASCII."""

    encoding = "latin-1"


def prepare() -> None:
    """Put something in place of a closed stream, and let output replace what it cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, mode), encoding="utf-8"))
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            if codecs.lookup(stream.encoding).name == "ascii":
                plain = _Ascii(stream.buffer, "ascii", "replace", line_buffering=stream.line_buffering)
                setattr(sys, name, plain)
            else:
                stream.reconfigure(errors="replace")


def discard_output() -> None:
    """Let what is still to be written to standard output go nowhere; Python writes it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def takes_every_character() -> bool:
    """Return whether standard output can encode every character."""
    return sys.stdout.encoding.lower().startswith("utf")


def lines_of(file: Iterable[bytes], name: str) -> Iterator[str]:
    """Yield the lines of a file as soon as they come, without their ends.

    Raises:
        EncodingError: A line is not UTF-8.
    """
    for number, line in enumerate(file, start=1):
        yield decoded(line, name, line=number).rstrip("\r\n")


def typed(text: str) -> str:
    """Return what somebody typed, read as UTF-8 also where the system is set to another encoding."""
    # Python puts halves of surrogate pairs for bytes that it cannot decode.
    return os.fsencode(text).decode("utf-8", "replace") if re.search("[\udc80-\udcff]", text) else text


def batch_lines(path: Path) -> Iterable[str]:
    """Return the lines of a file, which is read first as a whole, or those of standard input (``-``) as they come.

    Raises:
        EncodingError: The file is not UTF-8.
    """
    if str(path) == "-":
        return lines_of(sys.stdin.buffer, "standard input")
    # Not splitlines(), for which a line ends at every separator of Unicode too.
    return [line.rstrip("\n") for line in io.StringIO(decoded(path.read_bytes(), str(path)), newline=None)]
