"""Files that a reviewer has to read, folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_fluxscenario.analysis.review.blocks import Block, Code, Folded, Listing, Text
from pytest_fluxscenario.model.review import SourceView


def source_blocks(sources: Mapping[str, SourceView], path: str, what: str) -> Iterator[Block]:
    """The text of a file, or why it is not here; nothing for a file that is none of the sources."""
    source = sources.get(path)
    if source is not None:
        inside: list[Block] = [Text([source.left_out])] if source.left_out else [Listing(source.text)]
        yield Folded([f"{what}: ", Code(path)], inside)
