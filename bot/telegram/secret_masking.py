"""Secrets stay out of every log line, whichever library writes it and at whatever level."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.settings import Settings

_MASK = "[secret]"


def keep_out_of_logs(secrets: Iterable[str]) -> Callable[[], None]:
    """Mask secrets in all log records made from now on: text, arguments and tracebacks.

    The mask is applied where records are made, so it also holds for handlers that other code adds later.

    Returns:
        A function that ends the masking.
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
        except Exception:  # wrong arguments: logging reports the record, with its arguments, when it is written
            text = str(record.msg)
        if any(secret in text for secret in hidden):
            record.msg, record.args = masked(text), ()
        if record.exc_info:
            record.exc_text = masked(formatter.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(factory)
    return lambda: logging.setLogRecordFactory(make)


def token_secrets(token: str) -> tuple[str, ...]:
    """Return the secret parts of a bot token: the whole, and what follows the bot's id."""
    return (token, token.partition(":")[2])


def server_secrets(settings: Settings) -> tuple[str, ...]:
    """Return the secret parts of the address of a shared server: the whole, and the password in it."""
    url = settings.redis_url.get_secret_value() if settings.redis_url else ""
    password = urlsplit(url).password or ""
    return (url, password, unquote(password))
