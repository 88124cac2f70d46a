"""Measure answering beside the plain way of doing it, in one run on one machine.

    python tests/benchmarks/one_question.py [--knowledge DIR] [--data DIR] [--rounds N] [--starts N] [--made-up N]

The baseline encodes every translation with ``SentenceTransformer.encode`` into a ``faiss.IndexFlatIP``. It answers a
question with one encode and one search. Latency is the median over rounds that take turns. The first answer is timed
from the start of a fresh process, and memory is the peak resident size of that process (Linux). ``--made-up 10000``
measures on so many snippets, each of two English sentences from the knowledge and a number of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUESTIONS = (
    "Who signed the 2024 roadmap on critical minerals?",
    "How much uranium did Kazakhstan produce in 2023?",
    "What must foreign investors do with raw materials inside Kazakhstan?",
    "which british universities have a campus in kazakhstan",
    "new era of mining what did the ambassador mean",
    "Where was the first tungsten processing plant opened and who runs it?",
)

OURS = """
import json, re, sys, time
began = time.perf_counter()
from index.search.index import Index
from pathlib import Path
index = Index.open(Path(sys.argv[1]))
index.answer(sys.argv[2])
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps({"s": time.perf_counter() - began, "mb": peak / 1024}))
"""

BASELINE = """
import json, re, sys, time
began = time.perf_counter()
import faiss
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
index = faiss.read_index(sys.argv[3])
index.search(model.encode([sys.argv[2]], normalize_embeddings=True), 5)
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps({"s": time.perf_counter() - began, "mb": peak / 1024}))
"""


def fresh_process(starts: int, script: str, *arguments: str) -> dict[str, float]:
    """Run ``script`` in a process of its own, so many times, and return its best figures."""
    runs = []
    for _ in range(starts):
        began = time.perf_counter()
        out = subprocess.run(
            [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
        runs.append({**json.loads(out.stdout.splitlines()[-1]), "s": time.perf_counter() - began})
    return min(runs, key=lambda run: run["s"])


def make_up(folder: Path, knowledge: Path, number: int) -> None:
    """Write ``number`` snippets into ``folder``, a hundred in a file."""
    from index.knowledge.reader import read_knowledge

    snippets = [snippet for snippet in read_knowledge(knowledge).snippets if snippet.language == "en"]
    sentences = [snippet.text[begin:end].strip() for snippet in snippets for begin, end in snippet.sentences]
    chance = random.Random(0)
    folder.mkdir()
    for file in range(-(-number // 100)):
        texts = [
            f"{' '.join(chance.sample(sentences, 2))} Report {file}-{place} of {chance.randint(1900, 2100)} says so."
            for place in range(min(100, number - file * 100))
        ]
        (folder / f"report-{file}.md").write_text("\n\n".join(texts) + "\n", encoding="utf-8")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knowledge", type=Path, default=ROOT / "knowledge")
    parser.add_argument("--data", type=Path, help="an index built already; built anew when not given")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--starts", type=int, default=3, help="fresh processes of each kind; the best counts")
    parser.add_argument("--made-up", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.path.insert(0, str(ROOT))

    import faiss
    from sentence_transformers import SentenceTransformer

    from index.build.builder import build
    from index.encoder.model_source import locate
    from index.encoder.passage_encoder import DEFAULT_ENCODER
    from index.knowledge.reader import read_knowledge
    from index.search.index import Index

    scratch = Path(tempfile.mkdtemp())
    if arguments.made_up:
        make_up(scratch / "knowledge", arguments.knowledge, arguments.made_up)
        arguments.knowledge = scratch / "knowledge"
    began = time.perf_counter()
    data = arguments.data or scratch / "data"
    if arguments.data is None:
        build(arguments.knowledge, data, encoder=DEFAULT_ENCODER)
    build_s = time.perf_counter() - began

    texts = [snippet.text for snippet in read_knowledge(arguments.knowledge).snippets]
    source = locate(DEFAULT_ENCODER)[0]
    began = time.perf_counter()
    model = SentenceTransformer(source, device="cpu")
    plain = faiss.IndexFlatIP(384)
    plain.add(model.encode(texts, normalize_embeddings=True, show_progress_bar=False))
    faiss.write_index(plain, str(scratch / "plain.faiss"))
    baseline_build_s = time.perf_counter() - began

    index = Index.open(data)
    ours, bare, theirs = [], [], []
    for _ in range(arguments.rounds):
        for question in QUESTIONS:
            began = time.perf_counter()
            index.answer(question)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            index.encoder.encode(question)
            bare.append(time.perf_counter() - began)
    for _ in range(max(5, arguments.rounds // 5)):
        for question in QUESTIONS:
            began = time.perf_counter()
            plain.search(model.encode([question], normalize_embeddings=True, show_progress_bar=False), 5)
            theirs.append(time.perf_counter() - began)

    mine = fresh_process(arguments.starts, OURS, str(data), QUESTIONS[0])
    base = fresh_process(arguments.starts, BASELINE, source, QUESTIONS[0], str(scratch / "plain.faiss"))
    ms = [statistics.median(times) * 1000 for times in (ours, bare, theirs)]
    print(f"{len(index.snippets)} snippets in {len(index.snippets.languages)} translations, {os.cpu_count()} cores")
    print(f"{'':34}{'this':>10}{'beside':>10}{'ratio':>8}")
    rows = (
        ("one answer / bare ONNX encoder, ms", ms[0], ms[1], ms[0] / ms[1]),
        ("one answer / baseline, ms", ms[0], ms[2], ms[2] / ms[0]),
        ("first answer from process start, s", mine["s"], base["s"], base["s"] / mine["s"]),
        ("peak resident memory, MB", mine["mb"], base["mb"], base["mb"] / mine["mb"]),
        ("build / encode all snippets, s", build_s, baseline_build_s, build_s / baseline_build_s),
    )
    for name, this, beside, ratio in rows:
        print(f"{name:34}{this:10.2f}{beside:10.2f}{ratio:7.2f}x")


if __name__ == "__main__":
    main()
