"""The Compose file runs the images of the Dockerfile: confined, limited, and closed to strangers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
CLUSTER: dict[str, Any] = yaml.safe_load((ROOT / "bot/telegram/compose.cluster.yaml").read_text(encoding="utf-8"))
STAGES = re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_confined(name: str) -> None:
    """No rights, nothing but its folders to write to, a limit of memory; ports are this machine's alone."""
    service = SERVICES[name]
    assert service["build"]["target"] in STAGES
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["user"].startswith("${RUN_AS")
    assert service["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert {volume.split(":")[0] for volume in service["volumes"]} <= {"./data", "./knowledge"}


def test_the_bot_is_the_default_image_and_waits_for_an_index() -> None:
    """Only the bot knows the token; all three work on the same data."""
    assert STAGES[-1] == SERVICES["bot"]["build"]["target"]
    assert SERVICES["bot"]["depends_on"] == {"build": {"condition": "service_completed_successfully"}}
    assert [name for name in SERVICES if "env_file" in SERVICES[name]] == ["bot"]
    assert SERVICES["bot"]["environment"]["BOT_INDEX_DIR"] == "/data"
    assert all("./data:/data" in service["volumes"] for service in SERVICES.values())


@pytest.mark.parametrize("name", CLUSTER["services"])
def test_each_service_of_several_machines_is_confined(name: str) -> None:
    """No rights but nginx's, nothing but its folders to write to, limited memory; only nginx is open to strangers."""
    service = CLUSTER["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["mem_limit"]
    assert ("ports" in service, "cap_add" in service) == ((True, True) if name == "nginx" else (False, False))
    assert {volume.split(":")[0].split("/")[1] for volume in service["volumes"]} <= {"data", "cluster"}


def test_several_machines_share_a_server_that_writes_down_what_it_acknowledges() -> None:
    """The bots have folders of their own and one key; the collector's log is in that of the first; nginx tries both."""
    services = CLUSTER["services"]
    bots = [services[name] for name in ("bot-1", "bot-2")]
    assert bots[0]["volumes"][-1] != bots[1]["volumes"][-1]
    assert services["collector"]["volumes"][-1] == bots[0]["volumes"][-1]
    assert services["collector"]["command"] == ["log", "collect"]
    for each in (*bots, services["collector"]):
        assert each["environment"]["BOT_REDIS_URL"] == "redis://valkey:6379/0"
        assert each["environment"]["BOT_PSEUDONYM_KEY_FILE"] == "/cluster/pseudonyms.key"
    command = " ".join(services["valkey"]["command"])
    assert "--appendonly yes --appendfsync always --maxmemory-policy noeviction" in command
    nginx = (ROOT / CLUSTER["configs"]["nginx"]["file"]).read_text(encoding="utf-8")
    assert all(f"server {name}:8080" in nginx for name in ("bot-1", "bot-2"))
    assert "proxy_next_upstream error timeout http_503 non_idempotent;" in nginx
    # Or nginx goes on with the addresses that the bots had before they were made anew.
    assert all(services["nginx"]["depends_on"][name]["restart"] for name in ("bot-1", "bot-2"))


def test_what_a_read_only_container_is_given_is_a_file() -> None:
    """Compose writes a `content` into the container, which a read-only one refuses; a `file` is mounted."""
    for name, each in CLUSTER["configs"].items():
        assert set(each) == {"file"}, name
