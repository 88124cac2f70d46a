"""The Compose file runs the images of the Dockerfile: confined, limited, and closed to strangers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
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
