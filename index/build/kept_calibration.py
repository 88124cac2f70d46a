"""Keep the calibration of the live version where an edit is too small to move it.

Fitting asks thousands of questions, which takes most of the time of a build. An edit of one snippet moves no threshold
by more than 0.01, so a fit holds until a twentieth of the translations has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from index.encoder.query_encoder import EncoderCard
from index.knowledge.snippet import Snippet
from index.search.decision import EVIDENCE, PRIOR, Calibration, Costs
from index.search.index import Index
from index.search.scoring import DENSE, LEXICAL
from index.version.manifest import FORMAT, Fit

MOST_CHANGED = 0.05
"""Share of the translations that may have changed since the fit."""

SEARCHED_BY = (FORMAT, DENSE, LEXICAL, EVIDENCE, PRIOR)
"""How the program searches and decides; a program that does it otherwise builds anew."""


def fit_now(
    card: EncoderCard, synonyms: Sequence[Sequence[str]], costs: Costs, snippets: Sequence[Snippet], live: Index | None
) -> tuple[Fit, Mapping[str, Calibration] | None]:
    """Return what a calibration of ``snippets`` rests on, and the live one; ``None`` where it does not hold any more.

    Args:
        card: The encoder.
        synonyms: The groups of the knowledge.
        costs: What mistakes cost.
        snippets: All translations.
        live: The live version, where there is one with this encoder.
    """
    languages = sorted({snippet.language for snippet in snippets})
    parts = [card.key, synonyms, repr(costs), languages, SEARCHED_BY]
    new = Fit(conditions=hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest())
    if live is None or live.manifest.fit.conditions != new.conditions:
        return new, None
    now, before = {snippet.content_hash for snippet in snippets}, live.snippets.content_hashes().keys()
    changed = live.manifest.fit.changed + max(len(now - before), len(before - now))
    if changed > MOST_CHANGED * len(snippets):
        return new, None
    return new.model_copy(update={"changed": changed}), live.manifest.calibration
