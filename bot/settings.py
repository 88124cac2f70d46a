"""Every setting: its name, its default, what it is for. Read from the environment (prefix ``BOT_``) and ``.env``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import UserFacingError


class SettingsError(UserFacingError):
    """A setting has a value that cannot be used; the text lists all of them."""


class Settings(BaseSettings):
    """The settings of one process; secrets do not show in its ``repr``."""

    model_config = SettingsConfigDict(env_prefix="BOT_", env_file=".env", extra="ignore", frozen=True)

    token: SecretStr | None = Field(None, description="The bot's token from @BotFather; needed to run on Telegram.")
    api_url: str = Field("https://api.telegram.org", description="Address of the Bot API server.")
    data_dir: Path = Field(Path("data"), description="Folder of the index, the query log and what the bot remembers.")
    index_dir: Path | None = Field(
        None, description="Folder of the index where that is not the data folder; replicas share it. --data overrides."
    )
    shared_dir: Path | None = Field(
        None, description="Folder in which replicas on one machine tell each other what they answer."
    )
    pseudonym_key_file: Path | None = Field(
        None, description="Key of the log's pseudonyms; `pseudonyms.key` in the data folder if not given."
    )
    knowledge_dir: Path = Field(Path("knowledge"), description="Folder of the curated passages.")
    encoder: str = Field(
        DEFAULT_ENCODER,
        description="Sentence-transformers model, by local folder or hub name.",
    )
    encoder_query_prefix: str = Field(
        "", description="Put before each question where the model's own prompts do not say so."
    )
    encoder_passage_prefix: str = Field("", description="Put before each passage, like the prefix of questions.")
    admins: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="Telegram ids of administrators, separated by commas."
    )
    banned: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="Telegram ids of people and chats that are ignored, separated by commas."
    )
    webhook_url: str | None = Field(None, description="Address Telegram calls with updates; without it the bot polls.")
    webhook_secret: SecretStr | None = Field(
        None, description="What Telegram presents with each webhook call: 1-256 of A-Z a-z 0-9 _ -."
    )
    webhook_listen: str = Field(
        "127.0.0.1:8080", description="Where webhook calls are taken, as host:port; put TLS in front of it."
    )
    http_listen: str = Field(
        "", description="Where /healthz, /readyz and /metrics are served, as host:port; nowhere if empty."
    )
    questions_per_minute: int = Field(
        20, ge=0, description="How many questions one person may ask in a minute; 0 for any number."
    )
    messages_per_second: float = Field(
        30.0,
        ge=0,
        description="How many messages are sent in a second in all, Telegram's free limit; 0 for no limit.",
    )
    queue: int = Field(
        500, ge=1, description="How many updates may be unfinished before no more are taken from Telegram."
    )
    log: bool = Field(True, description="Whether questions are recorded for review.")
    log_days: int = Field(180, ge=0, description="Days after which recorded questions are deleted; 0 keeps them.")

    @property
    def index_home(self) -> Path:
        """The folder in which the index is built and found."""
        return self.index_dir or self.data_dir

    @property
    def key_file(self) -> Path:
        """The file of the key from which the log's pseudonyms are made."""
        return self.pseudonym_key_file or self.data_dir / "pseudonyms.key"

    @field_validator("webhook_listen", "http_listen")
    @classmethod
    def _place(cls, value: str) -> str:
        if value:
            host_and_port(value)
        return value

    @field_validator("admins", "banned", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return frozenset(int(part) for part in value.replace(",", " ").split()) if isinstance(value, str) else value


def host_and_port(listen: str) -> tuple[str, int]:
    """Return what ``host:port`` means; without a host this computer alone, an IPv6 address stands in brackets.

    Raises:
        ValueError: it is no such thing.
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]/\s]*)):(\d{1,5})", listen)
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError(f"must be host:port, not {listen!r}")
    return match[1] or match[2] or "127.0.0.1", int(match[3])


def load_settings(**given: object) -> Settings:
    """Read the settings, those in ``given`` that are not ``None`` before the environment.

    Raises SettingsError that names every wrong value, without showing secrets.
    """
    given = {name: value for name, value in given.items() if value is not None}
    if "data_dir" in given:
        # Whoever names a data folder means the index in it, whatever the environment says.
        given.setdefault("index_dir", given["data_dir"])
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = [
            f"BOT_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        ]
        raise SettingsError("; ".join(wrong)) from error
