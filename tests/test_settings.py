"""Settings: where they are read, and what is said of mistakes in them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from bot.settings import SettingsError, ignored_settings, load_settings
from bot.text_encoding import EncodingError


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_dotenv_may_have_a_byte_order_mark(encoding: str) -> None:
    """The first line counts like the others."""
    Path(".env").write_text("BOT_LOG_DAYS=7\n# дней\nBOT_QUEUE=9\n", encoding=encoding)
    settings = load_settings()
    assert (settings.log_days, settings.queue) == (7, 9)
    assert list(ignored_settings()) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp1251"])
def test_dotenv_in_another_encoding_is_refused(encoding: str) -> None:
    """The message names the file and the remedy, and shows nothing of what is in it."""
    Path(".env").write_bytes("BOT_TOKEN=1:secret\n# дней\n".encode(encoding))
    for read in (load_settings, lambda: list(ignored_settings())):
        with pytest.raises(EncodingError, match=r"\.env:.* save it as UTF-8\.$") as refused:
            read()
        assert "secret" not in str(refused.value)


def test_settings_that_do_not_exist_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever they stand, with the name that was meant, if one is near, and without their values."""
    Path(".env").write_bytes(codecs.BOM_UTF8 + b"BOT_TOKN=1:secret\nexport BOT_LOGDAYS = 3\n#BOT_NO=1\nOTHER=2\n")
    monkeypatch.setenv("BOT_ADMIN", "7")
    monkeypatch.setenv("BOT_COLOUR_SCHEME", "dark")
    assert list(ignored_settings()) == [
        "BOT_ADMIN is no setting; did you mean BOT_ADMINS?",
        "BOT_COLOUR_SCHEME is no setting.",
        ".env:1: BOT_TOKN is no setting; did you mean BOT_TOKEN?",
        ".env:2: BOT_LOGDAYS is no setting; did you mean BOT_LOG_DAYS?",
    ]


def test_lines_that_assign_nothing_are_named(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """By their numbers, without what stands in them, and only once."""
    text = "# Bot\n\nBOT_TOKEN 1:secret\nBOT_QUEUE: 9\nBOT_ADMINS\nBOT_ENCODER_QUERY_PREFIX='a\nb'\n\n\n=3\n"
    Path(".env").write_text(text)
    assert load_settings().queue == 500
    assert (capfd.readouterr(), caplog.text) == (("", ""), "")
    assert list(ignored_settings()) == [
        f".env:{number}: is no assignment NAME=value, so it is ignored." for number in (3, 4, 5, 10)
    ]


@pytest.mark.parametrize("name", ["BOT_API_URL", "BOT_WEBHOOK_URL", "BOT_REVIEW_URL"])
@pytest.mark.parametrize(
    "address", ["localhost:8081", "bot.example.org/hook", "ftp://example.org", "//host", "http://"]
)
def test_an_address_needs_its_scheme(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    """It is refused before anything is built or asked; an empty one is none."""
    monkeypatch.setenv(name, address)
    with pytest.raises(SettingsError, match=f"^{name}: must begin with http:// or https://"):
        load_settings()
    monkeypatch.setenv(name, "https://example.org/x")
    assert load_settings()


def test_home_is_found_in_every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's environment is read by no shell that would replace ~."""
    monkeypatch.setenv("HOME", "/home/bot")
    for name in ("DATA_DIR", "INDEX_DIR", "KNOWLEDGE_DIR", "PSEUDONYM_KEY_FILE", "ENCODER"):
        monkeypatch.setenv(f"BOT_{name}", f"~/{name}")
    settings = load_settings()
    assert settings.data_dir == Path("/home/bot/DATA_DIR")
    assert settings.index_home == Path("/home/bot/INDEX_DIR")
    assert settings.knowledge_dir == Path("/home/bot/KNOWLEDGE_DIR")
    assert settings.key_file == Path("/home/bot/PSEUDONYM_KEY_FILE")
    assert settings.encoder == "/home/bot/ENCODER"
