"""Packing: a collected scenario as what travels, and the content that the other side may lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.cas.trees import TreeEntry, encode_tree
from pytest_fluxscenario.gears.choosing import name_for
from pytest_fluxscenario.packs.files import LoneProfile, PackFiles
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.specs import Spec
from pytest_fluxscenario.packs.touched import touched_files
from pytest_fluxscenario.remote.case import PortableCase, PortablePack, PortableSpec
from pytest_fluxscenario.remote.parts import parts_of
from pytest_fluxscenario.runner.case import Subject
from pytest_fluxscenario.runner.prepare import Prepared


@dataclass(slots=True)
class Parcel:
    """The cases of one run; each pack and spec is looked through once."""

    #: What is asked for; empty for what each pack names.
    gear: str = ""
    cases: list[PortableCase] = field(default_factory=list)
    #: 64 hex digits to what gives the bytes: files of packs are read again when they are sent.
    content: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    #: By identity; the packs and specs themselves are kept, so that no other gets their place.
    _packs: dict[int, tuple[Pack, PortablePack]] = field(default_factory=dict)
    _specs: dict[int, tuple[Spec, PortableSpec]] = field(default_factory=dict)

    def add(
        self,
        item: str,
        prepared: Prepared,
        subject: Subject,
        file: str,
        skip: str | None = None,
        xfail: str | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """Add one scenario. Raises FluxError for a pack whose files cannot be read, or cannot be in a pack.

        ``skip`` is given where the other side is to heed it; ``xfail`` and ``strict`` say what the scenario counts as.
        """
        encoded = prepared.encoded
        digest = sha256(encoded)
        self.content.setdefault(digest, lambda: encoded)
        self.cases.append(
            PortableCase(
                item=item,
                content=digest,
                hash=prepared.hash,
                file=file,
                profile=subject.ref,
                pack=self._pack(subject.pack),
                spec=None if subject.spec is None else self._spec(subject.spec),
                row=prepared.row,
                gear=name_for(self.gear, subject.pack),
                references=prepared.references,
                floats=prepared.floats,
                skip=skip,
                xfail=xfail,
                strict=strict,
            )
        )

    def parts(self) -> tuple[str, ...]:
        """The hashes of content, added to ``content``, that holds the cases (``remote.parts``)."""
        hashes: list[str] = []
        for data in parts_of(self.cases):
            hashes.append(sha256(data))
            self.content[hashes[-1]] = partial(bytes, data)
        return tuple(hashes)

    def _pack(self, pack: Pack) -> PortablePack:
        known = self._packs.get(id(pack))
        if known is None:
            known = self._packs[id(pack)] = pack, self._packed(pack)
        return known[1]

    def _packed(self, pack: Pack) -> PortablePack:
        files = pack.files
        if files is None:
            raise TypeError("a pack of a session is always read from files")
        if isinstance(files, LoneProfile):
            source = files.source
            self.content[source.digest] = lambda: source.data
            return PortablePack(
                "profile", source.digest, source.name, pack.behaviour_hash, pack.origin, pack.store_ref, pack.tree_hash
            )
        # Not all of it: its scenarios travel by themselves, and there may be thousands.
        entries = {
            path: TreeEntry(files.digest(path), "755" if files.may_run(path) else "644")
            for path in touched_files(files)
        }
        document = encode_tree(entries)
        digest = sha256(document)
        self.content[digest] = lambda: document
        for path, entry in entries.items():
            self.content.setdefault(entry.hash, _reader(files, path))
        return PortablePack(
            "tree", digest, files.where, pack.behaviour_hash, pack.origin, pack.store_ref, pack.tree_hash
        )

    def _spec(self, spec: Spec) -> PortableSpec:
        known = self._specs.get(id(spec))
        if known is None:
            source = spec.document.source
            self.content[source.digest] = lambda: source.data
            known = self._specs[id(spec)] = spec, PortableSpec(spec.ref.ref, source.digest, source.name)
        return known[1]


def _reader(files: PackFiles, path: str) -> Callable[[], bytes]:
    return lambda: files.content(path)
