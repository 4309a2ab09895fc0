"""The part of a packet that says what is reviewed."""

from __future__ import annotations

from pytest_fluxscenario.analysis.review.blocks import Block, Code, Inline, Line, Section, Table, Text, Word, names
from pytest_fluxscenario.analysis.review.source_blocks import source_blocks
from pytest_fluxscenario.model.review import DocumentView, Packet, PackView


def about_section(packet: Packet) -> Section:
    """Id, version, purpose, documents and hashes."""
    about = packet.pack
    rows: list[tuple[Line, Line]] = [
        (["Process"], [Code(about.id), " ", Code(about.version), f" ({about.status})" if about.status else ""]),
    ]
    if about.purpose:
        rows.append((["Purpose"], [about.purpose]))
    if about.description:
        rows.append((["What it does"], [about.description]))
    rows.append((["Read from"], [Code(about.where), " of the store" if about.origin == "store" else ""]))
    if about.executed:
        rows.append((["Rules that are executed"], [Code(about.executed), f" {about.profile_api}"]))
    for name, digest in (("Hash of all files", about.tree_hash), ("Hash of the rules", about.profile_hash)):
        if digest:
            rows.append(([name], [Code(digest)]))
    if about.docs_hash:
        rows.append((["Made from the document"], [Code(about.docs_hash), *_held(about)]))
    rows += [(["Document" if not one.trusted else "Trusted document"], _document(one)) for one in about.documents]
    blocks: list[Block] = [Table(("What", ""), rows)]
    if packet.rules is None:
        blocks.append(Text([Word("The rules cannot be read", "bad"), ": see the pack check below."]))
    else:
        blocks.append(Text(["Roles: ", *names([role.id for role in packet.rules.roles], "none"), "."]))
    sources = {one.path: one for one in about.sources}
    for document in about.documents:
        if document.trusted:
            blocks.extend(source_blocks(sources, document.path, "What the rules should say"))
    return Section("about", "What is reviewed", blocks)


def _held(about: PackView) -> list[Inline]:
    same = [one.path for one in about.documents if one.hash == about.docs_hash]
    return [", which is ", *names(same)] if same else [", ", Word("which is no document of the pack", "warn")]


def _document(one: DocumentView) -> Line:
    return [Code(one.path), " ", Code(one.hash) if one.hash else Word("no file of the pack", "warn")]
