"""Cut the vocabulary of a multilingual model to a few alphabets. Needs the extra ``build``.

The tokenizer of a model for a hundred languages takes more memory than the rest of the program, and most of its pieces
are in letters that nobody here writes in.
"""

from __future__ import annotations

import json
from collections.abc import Set
from typing import TYPE_CHECKING, Any

import regex

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_ALPHABETS = {"en": "a-z", "ru": "а-яё", "kk": "а-яёәғқңөұүһі"}
_LETTER = regex.compile(r"\p{Latin}|\p{Cyrillic}", regex.IGNORECASE)


def letters_for(languages: Set[str]) -> str:
    """Return the letters that a vocabulary is cut to; empty where it stays whole, as a knowledge has other letters."""
    return "".join(_ALPHABETS.values()) if languages <= _ALPHABETS.keys() else ""


def cut_vocabulary(model: SentenceTransformer, languages: Set[str]) -> bool:
    """Drop pieces with other letters than those of English, Russian and Kazakh, and the rows of their embeddings.

    All three alphabets stay, as questions come in each language. So do single Latin and Cyrillic letters of any kind,
    because names have them. Texts in the three languages get the same tokens as before. A model whose tokenizer is not
    Unigram stays as it is, and so does one for a knowledge that holds yet another language.

    Returns:
        Whether anything was cut.
    """
    layout = json.loads(model.tokenizer.backend_tokenizer.to_str())
    letters = letters_for(languages)
    if layout["model"]["type"] != "Unigram" or not letters:
        return False
    wanted = regex.compile(rf"(?:[{letters}]|\p{{Common}}|\p{{Inherited}})*", regex.IGNORECASE)
    pieces = layout["model"]["vocab"]
    special = {added["id"] for added in layout["added_tokens"]} | {layout["model"]["unk_id"]}
    kept = [
        number
        for number, (text, _) in enumerate(pieces)
        if number in special or wanted.fullmatch(text) or _LETTER.fullmatch(text.lstrip("\u2581"))
    ]
    kept += sorted(number for number in special if number >= len(pieces))
    _renumber(model, layout, kept)
    return True


def _renumber(model: SentenceTransformer, layout: dict[str, Any], kept: list[int]) -> None:
    """Leave the pieces with the numbers ``kept``, in this order, in a tokenizer's ``layout`` and in its model."""
    import torch
    from tokenizers import Tokenizer

    pieces = layout["model"]["vocab"]
    renumbered = {old: new for new, old in enumerate(kept)}
    layout["model"]["vocab"] = [pieces[number] for number in kept if number < len(pieces)]
    layout["model"]["unk_id"] = renumbered[layout["model"]["unk_id"]]
    for added in layout["added_tokens"]:
        added["id"] = renumbered[added["id"]]
    for named in layout["post_processor"].get("special_tokens", {}).values():
        named["ids"] = [renumbered[number] for number in named["ids"]]
    model.tokenizer._tokenizer = Tokenizer.from_str(json.dumps(layout, ensure_ascii=False))
    inner: Any = model[0].auto_model
    embeddings = inner.get_input_embeddings()
    embeddings.weight = torch.nn.Parameter(embeddings.weight.detach()[kept], requires_grad=False)
    embeddings.num_embeddings = inner.config.vocab_size = len(kept)
    if embeddings.padding_idx is not None:
        embeddings.padding_idx = renumbered[embeddings.padding_idx]
