"""Every setting with its default and its meaning, read from the environment (prefix ``BOT_``) and from ``.env``."""

from __future__ import annotations

import difflib
import io
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from dotenv.parser import parse_stream
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.text_encoding import decoded
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import UserFacingError

LOG_FILE = "queries.db"
"""Name of the query log in the data folder."""
_DOTENV = Path(".env")
_PREFIX = "BOT_"
_ADDRESS = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def _at_home(value: object) -> object:
    """Replace ~, which no shell has done in the environment of a service."""
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - leaves unknown ~names alone


_Folder = Annotated[Path, BeforeValidator(_at_home)]


class SettingsError(UserFacingError):
    """Settings have values that cannot be used; the text lists all of them."""


class Settings(BaseSettings):
    """The settings of one process; ``repr`` hides the secrets."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=_DOTENV, env_file_encoding="utf-8-sig", extra="ignore", frozen=True
    )

    token: SecretStr | None = Field(None, description="The bot's token from @BotFather; needed to run on Telegram.")
    api_url: str = Field("https://api.telegram.org", description="Address of the Bot API server.")
    data_dir: _Folder = Field(Path("data"), description="Folder of the index, the query log and the bot's own state.")
    index_dir: _Folder | None = Field(
        None, description="Folder of the index, if it is not the data folder; --data overrides it."
    )
    pseudonym_key_file: _Folder | None = Field(
        None, description="Key of the log's pseudonyms; by default `pseudonyms.key` in the data folder."
    )
    knowledge_dir: _Folder = Field(Path("knowledge"), description="Folder of the curated snippets.")
    encoder: Annotated[str, BeforeValidator(_at_home)] = Field(
        DEFAULT_ENCODER,
        description="Sentence-transformers model: a local folder or a name on the Hugging Face hub.",
    )
    encoder_query_prefix: str = Field(
        "", description="Text put before each question, if the model needs one and does not bring it."
    )
    encoder_passage_prefix: str = Field("", description="Text put before each snippet, likewise.")
    admins: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="Telegram ids of administrators, separated by commas."
    )
    banned: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="Telegram ids of people and chats that are ignored, separated by commas."
    )
    review_url: str | None = Field(
        None, description="Address of the review page, for the administrators' daily digest of unanswered questions."
    )
    review_user_header: str = Field(
        "",
        description="Header in which a proxy names the signed-in reviewer, such as X-Remote-User; "
        "empty if no proxy signs people in.",
    )
    review_plugins: Path | None = Field(
        None, description="YAML file with the settings of Datasette's plugins, such as one that signs in by password."
    )
    webhook_url: str | None = Field(
        None, description="Address to which Telegram sends updates; by default the bot polls."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that Telegram sends with each webhook call: 1-256 of A-Z a-z 0-9 _ -."
    )
    webhook_listen: str = Field(
        "127.0.0.1:8080", description="host:port on which the bot listens for webhook calls; put TLS in front of it."
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Valkey or Redis server that several bots share, as redis://host:6379/0; by default the bot is one "
        "process and keeps everything in its data folder.",
    )
    http_listen: str = Field(
        "", description="host:port on which the bot serves /healthz, /readyz and /metrics; empty for none."
    )
    questions_per_minute: int = Field(20, ge=0, description="Questions one person may ask in a minute; 0 for no limit.")
    messages_per_second: float = Field(
        30.0,
        ge=0,
        description="Messages the bot sends in a second, by default Telegram's free limit; 0 for no limit.",
    )
    queue: int = Field(500, ge=1, description="Unfinished updates from which on the bot takes no more from Telegram.")
    log: bool = Field(True, description="Whether questions are recorded for review.")
    log_days: int = Field(180, ge=0, description="Days after which recorded questions are deleted; 0 keeps them.")

    @property
    def index_home(self) -> Path:
        """The folder of the index."""
        return self.index_dir or self.data_dir

    @property
    def key_file(self) -> Path:
        """The file of the key of the log's pseudonyms."""
        return self.pseudonym_key_file or self.data_dir / "pseudonyms.key"

    @field_validator("webhook_listen", "http_listen")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if value:
            host_and_port(value)
        return value

    @field_validator("api_url", "webhook_url", "review_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("must begin with http:// or https://, as in http://127.0.0.1:8081")
        return value

    @field_validator("admins", "banned", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return frozenset(int(part) for part in value.replace(",", " ").split()) if isinstance(value, str) else value


def host_and_port(listen: str) -> tuple[str, int]:
    """Split ``host:port``; the host is 127.0.0.1 by default, and an IPv6 address stands in brackets.

    Raises:
        ValueError: The text is not of this form.
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]/\s]*)):(\d{1,5})", listen)
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError(f"must be host:port, not {listen!r}")
    return match[1] or match[2] or "127.0.0.1", int(match[3])


def load_settings(**given: object) -> Settings:
    """Read the settings; values in ``given`` that are not ``None`` override the environment.

    Raises:
        SettingsError: Some settings are wrong; the text names all of them and shows no secret.
        EncodingError: The file .env is not UTF-8.
    """
    given = {name: value for name, value in given.items() if value is not None}
    _dotenv()
    # Its only warning is about a line that is no assignment; ``ignored_settings`` says the same with the file's name.
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)
    if "data_dir" in given:
        # A data folder named on the command line is also where its index lies, whatever the environment says.
        given.setdefault("index_dir", given["data_dir"])
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = [
            f"BOT_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False)
        ]
        raise SettingsError("; ".join(wrong)) from error


def _dotenv() -> str:
    """Return the text of .env, which is empty where there is none."""
    return decoded(_DOTENV.read_bytes(), str(_DOTENV)) if _DOTENV.is_file() else ""


def ignored_settings() -> Iterator[str]:
    """Yield a line for each name in the environment and in .env that looks like a setting and is none.

    Lines of .env that assign nothing get one, too; what stands in them is not shown, for it may be a secret.

    Raises:
        EncodingError: The file .env is not UTF-8.
    """
    known = {f"{_PREFIX}{name}".upper() for name in Settings.model_fields}
    found = [("", name) for name in sorted(os.environ)]
    for binding in parse_stream(io.StringIO(_dotenv())):
        text = binding.original.string
        number = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
        if binding.value is not None:
            found.append((f"{_DOTENV}:{number}: ", binding.key or ""))
        elif binding.error or binding.key:
            yield f"{_DOTENV}:{number}: is no assignment NAME=value, so it is ignored."
    for place, name in found:
        if name.upper().startswith(_PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, 1, 0.7)
            yield f"{place}{name} is no setting" + (f"; did you mean {near[0]}?" if near else ".")
