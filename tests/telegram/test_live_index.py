"""A newly published index takes over while the bot runs; a damaged one does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.telegram.live_index import LiveIndex, Swap
from index.build.builder import BuildOptions, BuildResult, build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.index import Index
from index.version.versions import live_version


def publish(folder: Path, data: Path, slug: str) -> str:
    """Add a snippet to the knowledge and publish it as a new version; return its name."""
    text = (folder / "metals/copper.md").read_text(encoding="utf-8").replace("Copper", slug.title())
    (folder / f"metals/{slug}.md").write_text(text, encoding="utf-8")
    return build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(force=True)).version


@pytest.mark.faults
def test_a_new_version_is_taken_over_and_a_damaged_one_refused_once(small: tuple[Path, Path, BuildResult]) -> None:
    """Questions are answered by the newest sound version; a refusal is reported once, and again only when asked for."""
    folder, data, first = small

    async def scenario() -> None:
        live_index = LiveIndex(Index.open(data), data)
        encoder = live_index.index.encoder
        assert (await live_index.answer("how much copper is made")).index_version == first.version
        assert await live_index.refresh() is Swap.SAME

        second = await asyncio.to_thread(publish, folder, data, "nickel")
        assert await live_index.refresh() is Swap.DONE
        assert (await live_index.answer("how much copper is made")).index_version == second
        assert live_index.index.encoder is encoder, "the same encoder is not loaded twice"

        third = await asyncio.to_thread(publish, folder, data, "cobalt")
        (data / "index" / third / "vectors.npy").write_bytes(b"damaged")
        assert await live_index.refresh() is Swap.REFUSED
        assert await live_index.refresh() is Swap.SAME
        assert await live_index.refresh(again=True) is Swap.REFUSED
        assert third == live_version(data)
        assert (await live_index.answer("how much copper is made")).index_version == second
        live_index.close()

    asyncio.run(scenario())
