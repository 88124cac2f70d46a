"""Make the list of common words anew: ``index/text/common_words.yaml``.

    pip install pyspellchecker
    python tests/benchmarks/common_words.py > common_words.yaml

English and Russian words come from the frequency lists of pyspellchecker (MIT), which were counted in subtitles: people
ask a bot as they speak. Kazakh is not among its languages. Its words were chosen and rated by hand; they are read from
the present list and printed unchanged. A word stands under its level on the Zipf scale: the logarithm of how often it
comes among a billion words (van Heuven and others, SUBTLEX-UK, 2014), to half a step.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.text.terms import words
from index.text.word_frequency import common_words

_MOST = 500
"""Words of each language. With 2,000 the words of the subjects themselves come in, and questions off the topic are told
apart less well."""
_HEAD = """\
# Common words of each language by their level on the Zipf scale: the logarithm of how often one comes among a billion.
# tests/benchmarks/common_words.py made English and Russian from the lists of pyspellchecker (MIT); Kazakh is written by
# hand. Forms are as index/text/terms.py folds them.
"""


def counted(language: str) -> dict[str, float]:
    """Return the commonest words of a language with the share that each has of a text."""
    spec = importlib.util.find_spec("spellchecker")
    if spec is None or spec.origin is None:
        raise SystemExit("pyspellchecker is missing: pip install pyspellchecker")
    file = Path(spec.origin).parent / "resources" / f"{language}.json.gz"
    counts: Counter[str] = Counter()
    for text, count in json.loads(gzip.decompress(file.read_bytes())).items():
        for word in words(text):
            counts[word] += count
    total = counts.total()
    return {word: count / total for word, count in counts.most_common(_MOST)}


def main() -> None:
    """Print the list."""
    print(_HEAD, end="")
    for language, shares in (("en", counted("en")), ("ru", counted("ru")), ("kk", common_words()["kk"])):
        print(f"{language}:")
        levels: dict[float, list[str]] = {}
        for word, share in shares.items():
            levels.setdefault(round(2 * (math.log10(share) + 9)) / 2, []).append(word)
        for level in sorted(levels, reverse=True):
            print(f"  {level}: >-")
            line = "   "
            for word in sorted(levels[level]):
                if len(line) + len(word) >= 118:
                    print(line)
                    line = "   "
                line += f" {word}"
            print(line)


if __name__ == "__main__":
    main()
