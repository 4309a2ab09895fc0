"""What a packet says, part by part, for every form of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_fluxscenario.analysis.review.about import about_section
from pytest_fluxscenario.analysis.review.blocks import Line, Section, Word
from pytest_fluxscenario.analysis.review.proofs import proof_sections
from pytest_fluxscenario.analysis.review.rule_sections import rule_sections
from pytest_fluxscenario.analysis.review.words import counted
from pytest_fluxscenario.model.review import Packet


def headline(packet: Packet) -> tuple[str, Sequence[Line]]:
    """The title, and what stands against an approval: a first line, and one for each thing."""
    about = packet.pack
    name = about.name or about.id or about.where
    title = f"Review of {name}: {about.id} {about.version}"
    against = packet.verdict.against
    look = counted(len(packet.risks), "known risk")
    if not against:
        weigh = f" Nothing stands against an approval. {look} to weigh, below: whether to approve is yours to say."
        return title, [[Word("Ready for a decision.", "good"), weigh]]
    first: Line = [Word("Not ready.", "bad"), f" {counted(len(against), 'thing')} against an approval, {look} beside:"]
    return title, [first, *([one] for one in against)]


def contents_of(packet: Packet) -> Iterator[Section]:
    """The parts, in order."""
    yield about_section(packet)
    if packet.rules is not None:
        yield from rule_sections(packet.rules, {one.path: one for one in packet.pack.sources})
    yield from proof_sections(packet)
