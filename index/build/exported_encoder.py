"""The exported encoder of a data folder: found there, or exported into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from index.build import Report
from index.encoder.known_questions import RememberingEncoder
from index.encoder.model_source import ModelSource, find_source
from index.encoder.query_encoder import encoder_key
from index.encoder.vocabulary import letters_for
from index.errors import EncoderError
from index.version.versions import encoder_folder, finalize, unfinished


@dataclass(frozen=True, slots=True)
class WantedEncoder:
    """What an operator asks for."""

    name: str
    """A local folder, or a name on the hub."""
    query_prefix: str
    """Put before each question; where it is empty, the model's own prompt."""
    passage_prefix: str
    """Put before each text of a snippet; where it is empty, the model's own prompt."""

    def made_from(self, source: ModelSource, languages: Set[str]) -> str:
        """Hash everything that changes the vectors, for a knowledge in ``languages``."""
        letters = letters_for(languages) if source.has_pieces else ""
        parts = [source.files_sha256, self.query_prefix, self.passage_prefix, letters]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def exported_encoder(wanted: WantedEncoder, languages: Set[str], data: Path, report: Report) -> RememberingEncoder:
    """Return an encoder that lies in the data folder; it is exported unless this very one lies there already.

    Args:
        wanted: The encoder.
        languages: The languages of the knowledge.
        data: The data folder.
        report: Shows the progress.

    Raises:
        EncoderError: The encoder cannot be found, loaded or exported.
        BuildError: It has to be exported, and the extra ``build`` is not installed.
    """
    source = find_source(wanted.name)
    if source is not None:
        made_from = wanted.made_from(source, languages)
        final = encoder_folder(data, encoder_key(source.id, made_from))
        if final.is_dir():
            try:
                return RememberingEncoder(final)
            except EncoderError as error:
                report.say(f"{error} Exporting it again.")
    return _export(wanted, languages, data, report)


def _export(wanted: WantedEncoder, languages: Set[str], data: Path, report: Report) -> RememberingEncoder:
    from index.encoder.onnx_export import export
    from index.encoder.original_model import OriginalModel

    report.step("Loading the original encoder")
    original = OriginalModel(wanted.name, wanted.query_prefix, wanted.passage_prefix)
    original.cut_vocabulary(languages)
    source = find_source(wanted.name)  # loading it may have downloaded it
    if source is None:
        raise EncoderError(f"encoder '{wanted.name}': its files are not in the cache of the Hugging Face hub.")
    made_from = wanted.made_from(source, languages)
    key = encoder_key(source.id, made_from)
    final = encoder_folder(data, key)
    report.step("Exporting the encoder to ONNX")
    with unfinished(final.parent, key) as scratch:
        export(original, source, made_from, scratch)
        if final.exists():
            # The damaged folder is kept until its replacement is complete.
            final.rename(final.with_name(f".building-damaged-{key}"))
        finalize(scratch, final)
    return RememberingEncoder(final)
