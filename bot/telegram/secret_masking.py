"""Secrets stay out of every log line, whatever library writes it and at whatever level."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

_MASK = "[secret]"


def keep_out_of_logs(secrets: Iterable[str]) -> Callable[[], None]:
    """Mask these secrets in all log records made from now on: text, arguments and tracebacks. Return what undoes it.

    It acts where records are made, so it holds for handlers that are added later and not by us.
    """
    hidden = tuple(secret for secret in secrets if secret)
    make = logging.getLogRecordFactory()
    formatter = logging.Formatter()

    def masked(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, _MASK)
        return text

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        try:
            text = record.getMessage()
        except (
            Exception
        ):  # a record with the wrong arguments: logging reports it when it is written, arguments included
            text = str(record.msg)
        if any(secret in text for secret in hidden):
            record.msg, record.args = masked(text), ()
        if record.exc_info:
            record.exc_text = masked(formatter.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(factory)
    return lambda: logging.setLogRecordFactory(make)


def token_secrets(token: str) -> tuple[str, ...]:
    """Return what of a bot token must not be seen: the whole and the part behind the bot's id."""
    return (token, token.partition(":")[2])
