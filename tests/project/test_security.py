"""What the threat model promises, tried: hostile knowledge, artefacts, calls and people."""

from __future__ import annotations

import ast
import asyncio
import http.client
import json
import os
import pickle
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

import bot.telegram.receiving
from bot.settings import SettingsError, load_settings
from index.encoder.query_encoder import EncoderCard
from index.errors import ArtifactError, EncoderError
from index.search.index import Index
from index.version.manifest import Manifest
from index.version.versions import MANIFEST_FILE, index_folder, live_version
from tests.support.bot_process import environment, free_port, get, process
from tests.support.botapi_server import TOKEN, BotApi
from tests.support.log_answers import entry, open_log
from tests.support.small_knowledge import MakeKnowledge
from tests.support.telegram_bench import Bench, asked_for, run

ROOT = Path(__file__).parents[2]
SECRET = "a-Secret_of-the-webhook"

# --- Knowledge

_BOMB = "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi"))  # noqa: B905
_HEAD = "title: T\nsources: [press]\nas_of: 2025\n"
HOSTILE: dict[str, tuple[str, str]] = {
    "bomb": (f"---\n{_HEAD}{_BOMB}---\nBody.", "unknown field"),
    "aliases": (f"---\n{_HEAD}z: &z [x]\nquestions: [{'*z, ' * 200_000}]\n---\nBody.", "must be text"),
    # Too deep for one version of libyaml, never closed for another.
    "nested": (f"---\n{_HEAD}questions: {'[' * 9_900}\n---\nBody.", "front matter: "),
    "huge": ("x" * 1_000_001, "is larger than 1,000,000 bytes"),
    "many": (f"---\n{_HEAD}questions:\n" + "- a b\n" * 150_000 + "---\nBody.", "has more than 100 entries"),
    "title": (f"---\ntitle: {'<a ' * 200_000}\nsources: [press]\nas_of: 2025\n---\nBody.", "longer than 5,000"),
    "keys": ("---\n" + "".join(f"k{n}: v\n" for n in range(60_000)) + "---\nBody.", "unknown field"),
    "body": (f"---\n{_HEAD}---\n" + "Well. " * 150_000, "body: is longer than 10,000 characters"),
    "links": (f"---\n{_HEAD}---\n" + "[a](" * 2_400, ""),
    "unclosed": ("---\n" + "a: b\n" * 190_000, "not closed"),
    "tag": (f"---\n{_HEAD}speaker: !!python/object/apply:os.system [touch pwned]\n---\nBody.", "not allowed"),
}


# Half a minute of processor time and two gigabytes are all that the program gets.
LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30))
from bot.cli import main
main()
"""


def check(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "check", "--knowledge", str(folder)],
        cwd=ROOT, env=environment(folder / "none"), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, (done.returncode, done.stderr[-500:])
    assert "Traceback" not in done.stderr
    return done.stdout


def test_hostile_knowledge_costs_little_and_is_told(make_knowledge: MakeKnowledge) -> None:
    """Bombs of aliases, depth, length and number, and texts that regular expressions dislike: all in one folder."""
    folder = make_knowledge()
    for name, (text, _) in HOSTILE.items():
        (folder / f"metals/{name}.md").write_text(text)
    (folder / "synonyms.yaml").write_text("- [" + "a, " * 7_000_000 + "]")
    (folder / "evaluation.yaml").write_text("[" * 300_000)
    printed = check(folder)
    for name, (_, reason) in HOSTILE.items():
        own = [line for line in printed.splitlines() if line.startswith(f"metals/{name}.md:")]
        assert any(reason in line for line in own) or not reason, (name, own[:3])
    assert "synonyms.yaml:1: file: is larger than 20,000,000 bytes" in printed
    assert "evaluation.yaml:1: file: nested too deeply" in printed
    assert not list(Path.cwd().glob("pwned"))


def test_hostile_plain_texts_cost_little_and_are_told(tmp_path: Path) -> None:
    """The same of a folder without front matter."""
    (tmp_path / "heading.txt").write_text("# a" + " " * 900_000 + "x\n\nBody.")
    (tmp_path / "hashes.txt").write_text("# a" + " #" * 400_000 + "x\n\nBody.")
    (tmp_path / "long.txt").write_text("Well. " * 160_000)
    (tmp_path / "good.txt").write_text("Zinc is mined here.")
    printed = check(tmp_path)
    for name in ("heading", "hashes", "long"):
        assert re.search(rf"{name}\.txt:\d: body: a paragraph is longer than 10,000 characters", printed), printed[:500]
    assert "good.txt" not in printed


# --- The artefact


def reseal(version: Path) -> None:
    """Write the manifest anew for files that were changed: what one who may write the data folder can do."""
    fields = json.loads((version / MANIFEST_FILE).read_text())
    fields.pop("sha256")
    (version / MANIFEST_FILE).unlink()
    Manifest(**{**fields, "files": {}}).write(version)


class Payload:
    """Unpickling this would write a file."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return os.mkdir, (str(self.place),)


@pytest.mark.faults
def test_nothing_in_the_arrays_is_executed(small_data: Path, tmp_path: Path) -> None:
    """Each array in turn is a pickle with a payload, with hashes that fit: refused, and nothing ran."""
    version = index_folder(small_data) / str(live_version(small_data))
    ran = tmp_path / "ran"
    tried_files = 0
    for file in sorted(version.glob("*.npy")):
        content = file.read_bytes()
        file.unlink()
        np.save(file, np.array([Payload(ran)], dtype=object), allow_pickle=True)
        reseal(version)
        with pytest.raises(ArtifactError, match="damaged"):
            Index.open(small_data)
        file.write_bytes(pickle.dumps(Payload(ran)))
        reseal(version)
        with pytest.raises(ArtifactError, match="damaged"):
            Index.open(small_data)
        file.write_bytes(content)
        tried_files += 1
    assert tried_files > 10
    assert not ran.exists()
    reseal(version)
    Index.open(small_data).close()


def model_with(node_domain: str = "", external: str | None = None) -> bytes:
    """Return an ONNX model that calls for an operator of a domain, or for a tensor in another file."""
    from onnx import TensorProto, helper

    tensor = helper.make_tensor("w", TensorProto.FLOAT, [4], b"\0" * 16, raw=True)
    if external:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", external), ("offset", "0"), ("length", "16")):
            tensor.external_data.add(key=key, value=value)
    node = helper.make_node("Exec" if node_domain else "Identity", ["w"], ["out"], domain=node_domain)
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, None])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [4])], [tensor],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(node_domain, 1)] if node_domain else [])]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("hostile", ["operator", "outside", "absolute"])
@pytest.mark.faults
def test_a_model_runs_no_foreign_code_and_reads_no_foreign_file(small_data: Path, tmp_path: Path, hostile: str) -> None:
    """Operators that are not ONNX Runtime's own, and weights outside the encoder's folder, are refused."""
    (folder,) = (small_data / "encoders").iterdir()
    (folder.parent / "secret.bin").write_bytes(b"\1" * 16)
    (tmp_path / "secret.bin").write_bytes(b"\1" * 16)
    model = {
        "operator": lambda: model_with("evil.domain"),
        "outside": lambda: model_with(external="../secret.bin"),
        "absolute": lambda: model_with(external=str(tmp_path / "secret.bin")),
    }[hostile]()
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").write_bytes(model)
    card = json.loads((folder / "encoder.json").read_text())
    card.pop("sha256")
    (folder / "encoder.json").unlink()
    EncoderCard(**card).write(folder)
    with pytest.raises(EncoderError, match="damaged") as caught:
        Index.open(small_data)
    assert re.search(r"evil\.dom|[Ee]xternal|secret\.bin", str(caught.value)), caught.value


# --- Secrets and calls


def post(port: int, body: bytes, secret: str = SECRET) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        try:
            connection.request("POST", "/hook", body, {"X-Telegram-Bot-Api-Secret-Token": secret})
            return connection.getresponse().status
        except (BrokenPipeError, ConnectionResetError):
            return 0


@pytest.mark.faults
def test_hostile_calls_leave_the_bot_well_and_secrets_unseen(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """Bodies too large, too deep, of no use or from somebody else; then the bot answers, and nothing shows a secret."""
    question, _ = asked_for(real_index)
    port, hook = free_port(), free_port()
    log = tmp_path / "log"
    settings = {
        "BOT_HTTP_LISTEN": f"127.0.0.1:{port}", "BOT_WEBHOOK_URL": f"http://127.0.0.1:{hook}/hook",
        "BOT_WEBHOOK_LISTEN": f"127.0.0.1:{hook}", "BOT_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    with BotApi() as api, process(own_data, log, BOT_API_URL=api.url, **settings) as running:
        api.wait(lambda: api.ready)
        assert post(hook, b'{"update_id": 1}', "wrong-one") == 403
        assert post(hook, b'{"update_id": 1}', SECRET[:-1]) == 403
        assert post(hook, b"x" * (2**20 + 1)) in (0, 400, 413)
        for body in (
            b"", b"{", b"[]", b"[" * 900_000, b'{"a":' * 150_000, b'{"update_id": 1e3}', b'{"update_id": "1"}',
            b'{"update_id": -5}', b'{"update_id": %d}' % 2**70, b'{"update_id": ' + b"9" * 5000 + b"}", b"\xff\xfe\x00",
        ):  # fmt: skip
            assert post(hook, body) == 400, body[:40]
        deep = b'{"update_id": 77, "message": ' + b'{"reply_to_message": ' * 400 + b"{}" + b"}" * 401
        assert post(hook, deep) == 200
        api.faults = [("sendMessage", "500"), ("sendMessage", "drop")]
        number = api.say(question)
        api.wait(lambda: api.answers_to(number), 30)
        pages = [get(port, path)[1] for path in ("/metrics", "/healthz", "/readyz", "/nowhere")]
        command = Path(f"/proc/{running.pid}/cmdline").read_bytes().decode()
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    written = log.read_text(errors="replace")
    assert "partnership_bot" in pages[0] or "bot_" in pages[0]
    for seen in (*pages, command, written):
        for secret in (TOKEN, TOKEN.split(":")[1], SECRET):
            assert secret not in seen


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither when printed nor when another setting, or the secret itself, is wrong."""
    monkeypatch.setenv("BOT_TOKEN", TOKEN)
    monkeypatch.setenv("BOT_WEBHOOK_SECRET", SECRET)
    settings = load_settings()
    shown = [repr(settings), str(settings), f"{settings!r:>10}", settings.model_dump_json()]
    for wrong in ({"queue": 0}, {"webhook_secret": [SECRET]}, {"token": {"a": TOKEN}}):
        with pytest.raises(SettingsError) as caught:
            load_settings(**wrong)
        shown += [str(caught.value), repr(caught.value)]
    for text in shown:
        assert TOKEN.split(":")[1] not in text
        assert SECRET not in text


def test_the_webhook_secret_is_compared_in_constant_time() -> None:
    """The only comparison with what is expected is the one of ``hmac``; comparing text would tell where it differs."""
    tree = ast.parse(Path(bot.telegram.receiving.__file__).read_text(encoding="utf-8"))
    compared = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    calls = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [text for text in compared if re.search(r"_expected|_secret|presented", text)]
    assert any("hmac.compare_digest" in text and "_expected" in text for text in calls)


# --- People

ADMIN = 99


def test_nobody_becomes_administrator_by_looks(real_index: Index, tmp_path: Path) -> None:
    """A forward of an administrator's message, an edit, a group's anonymous administrator, a name, another bot."""

    async def scenario(there: Bench) -> None:
        origin = {"type": "user", "date": 1, "sender_user": {"id": ADMIN, "is_bot": False, "first_name": "Boss"}}
        disguises: list[tuple[str, dict[str, Any]]] = [
            ("message", there.message("/status", 1, forward_origin=origin)),
            ("message", there.message("/status", ADMIN, forward_origin=origin)),
            ("edited_message", there.message("/status", ADMIN, edit_date=2)),
            ("message", there.message("/status", 1087968824, group=True, sender_chat={"id": -ADMIN, "type": "group"})),
            ("message", {**there.message("/status", 1), "from": {"id": 1, "is_bot": False, "first_name": "99"}}),
            ("message", there.message("/status", ADMIN, via_bot={"id": 5, "is_bot": True, "first_name": "x"})),
            ("channel_post", {**there.message("/status", ADMIN), "chat": {"id": ADMIN, "type": "channel"}}),
        ]
        for kind, message in disguises:
            for call in await there.take(kind, message):
                assert real_index.version not in json.dumps(call.parameters), (kind, message)

    run(real_index, tmp_path, scenario, admins=frozenset({ADMIN}))


def test_without_administrators_nobody_is_one(real_index: Index, tmp_path: Path) -> None:
    """An empty list lets no one in."""

    async def scenario(there: Bench) -> None:
        for command in ("/status", "/reload", "/stats"):
            (reply,) = await there.say(command)
            assert "no such command" in reply.text

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize("number", [{}, [1], "x", float("inf"), None])
def test_numbers_that_are_none_stop_nobody_else(number: object, real_index: Index, tmp_path: Path) -> None:
    """An update that names a person or chat by something else than a number is left out, for good."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        message = there.message(question)
        person = {**message["from"], "id": number}
        hostile = [
            {"update_id": 1, "message": {**message, "chat": {**message["chat"], "id": number}}},
            {"update_id": 2, "callback_query": {"id": "7", "chat_instance": "1", "from": person}},
            {"update_id": 3, "message": message},
        ]  # fmt: skip
        await there.receive(*hostile)
        await there.drain()
        assert [call.parameters["chat_id"] for call in there.telegram.sent()] == [1]
        assert there.services.queue.unfinished == 0

    run(real_index, tmp_path, scenario)


LINKS = st.one_of(
    st.text(max_size=70),
    st.builds(lambda kind, rest: f"{kind}_{rest}", st.sampled_from("ptxPT"), st.text(max_size=64)),
    st.from_regex(r"\A[pt]_[A-Za-z0-9_-]{0,20}\Z"),
)


@tried(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(payloads=st.lists(LINKS, min_size=5, max_size=12))
def test_any_deep_link_gets_one_message(
    payloads: list[str], real_index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands behind /start: a passage, a topic, or the beginning; never a failure or what Telegram refuses."""

    async def scenario(there: Bench) -> None:
        for payload in payloads:
            shown = await there.say(f"/start {payload}")
            assert len(shown) == 1, payload
        assert there.services.metrics.failures == 0

    run(real_index, tmp_path_factory.mktemp("links"), scenario)


# --- The log in a browser


def test_the_log_in_a_browser_is_for_reading_on_this_computer(tmp_path: Path) -> None:
    """`log serve` listens on the loopback address alone, and no page of it writes."""
    pytest.importorskip("datasette", reason="needs the extra `review`")

    async def fill() -> None:
        log = open_log(tmp_path)
        for number in range(3):
            await log.record(entry(f"What is number {number}?"))
        await log.close()

    asyncio.run(fill())
    port = free_port()
    command = [sys.executable, "-m", "bot", "log", "serve", "--no-update", "--port", str(port), "--data", str(tmp_path)]
    with subprocess.Popen(command, env=environment(tmp_path), cwd=ROOT, stderr=subprocess.DEVNULL) as serving:
        try:
            end = time.monotonic() + 60
            while get(port, "/-/versions.json")[0] != 200:
                assert time.monotonic() < end
                assert serving.poll() is None
                time.sleep(0.2)
            sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            sockets += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
            listening = [row[1] for row in sockets if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
            assert listening == [f"0100007F:{port:04X}"]
            for sql in ("delete+from+questions", "insert+into+votes+values+(1)", "attach+'x'+as+x", "drop+table+votes"):
                status, _ = get(port, f"/queries.json?sql={sql}")
                assert status in (400, 403, 405), sql
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("POST", "/queries/-/create", b"{}", {"Content-Type": "application/json"})
                assert connection.getresponse().status in (403, 404, 405)
        finally:
            serving.terminate()
    with closing(sqlite3.connect(tmp_path / "queries.db")) as log:
        assert log.execute("SELECT count(*) FROM questions").fetchone()[0] == 3
