"""Make the lists of common words anew: a file of ``index/text/common_words/`` for each language.

    pip install pyspellchecker stopwordsiso
    python tests/benchmarks/common_words.py [FOLDER]

The words of most large languages come from the frequency lists of pyspellchecker (MIT), which were counted in
subtitles: people ask a bot as they speak. A swear word was taken out of the English list by hand. Of languages that
pyspellchecker lacks, the stop words of stopwordsiso (MIT) are taken, all at one level. What neither has was chosen and
rated by hand, as Kazakh was; such files stay unchanged. A word stands under its level on the Zipf scale: the logarithm
of how often it comes among a billion words (van Heuven and others, SUBTLEX-UK, 2014), to half a step.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.text.terms import STEMMED_LANGUAGES, words

_FOLDER = Path(__file__).parents[2] / "index" / "text" / "common_words"
_MOST = 500
"""Words of each language. With 2,000 the words of the subjects themselves come in, and questions off the topic are told
apart less well."""
_LEVEL_OF_STOP_WORDS = 6.0
_QUESTION_WORDS = {
    "eo": "kie kiel kial kiam kiom",
    "et": "kes kuidas kuhu kust kus millal millest milline miks mitu palju saab võin pean",
    "fa": "کجا کی چه چرا چطور چگونه چقدر کدام",
    "ga": "cad cá cathain cé cén conas",
    "hi": "कब कहाँ कैसे कितनी कितने कौन क्या क्यों",
    "hy": "ինչ ինչպես ինչու երբ որտեղ ով որքան քանի",
    "st": "eng kae mang neng joang",
}
"""Words by which people ask, where the lists lack them."""
_HEAD = """\
# Common words by their level on the Zipf scale: the logarithm of how often one comes among a billion. Forms are as
# index/text/terms.py folds them. tests/benchmarks/common_words.py made it from {source}.
"""


def _resource(package: str, name: str) -> bytes | None:
    """Return a file of a package, or nothing where the package has no such file."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is missing: pip install pyspellchecker stopwordsiso")
    file = Path(spec.origin).parent / name
    return file.read_bytes() if file.exists() else None


def counted(language: str) -> dict[str, float]:
    """Return the levels of the commonest words of a language that pyspellchecker counted."""
    packed = _resource("spellchecker", f"resources/{language}.json.gz")
    counts: Counter[str] = Counter()
    for text, count in json.loads(gzip.decompress(packed)).items() if packed else ():
        for word in words(text):
            counts[word] += count
    total = counts.total()
    return {word: round(2 * (math.log10(count / total) + 9)) / 2 for word, count in counts.most_common(_MOST)}


def listed(language: str) -> dict[str, float]:
    """Return the stop words of a language, all at one level."""
    lists = json.loads(_resource("stopwordsiso", "stopwords-iso.json") or b"{}")
    found = [words(text) for text in lists.get(language, ())]
    return _all_at_one_level(own[0] for own in found if len(own) == 1 and own[0][0].isalpha())


def _all_at_one_level(found: Iterable[str]) -> dict[str, float]:
    return dict.fromkeys(found, _LEVEL_OF_STOP_WORDS)


def main() -> None:
    """Write the lists, to a folder that is given or to the program's own."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER
    for language in sorted(STEMMED_LANGUAGES):
        source, levels = "the lists of pyspellchecker (MIT)", counted(language)
        if not levels:
            source, levels = "the stop words of stopwordsiso (MIT)", listed(language)
        if levels:
            levels = _all_at_one_level(words(_QUESTION_WORDS.get(language, ""))) | levels
            file = folder / f"{language}.yaml"
            file.write_text(_HEAD.format(source=source) + _written(levels), encoding="utf-8")
            print(file)


def _written(levels: dict[str, float]) -> str:
    lines = []
    for level in sorted(set(levels.values()), reverse=True):
        lines.append(f"{level}: >-")
        line = " "
        for word in sorted(word for word, own in levels.items() if own == level):
            if len(line) + len(word) >= 118:
                lines.append(line)
                line = " "
            line += f" {word}"
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
