"""What cases that came from elsewhere run on: packs, specs and gears, each made ready once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from pytest_fluxscenario.base.errors import FluxError, ProfileError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.gears.choosing import Offered
from pytest_fluxscenario.model.evidence import ScenarioRef
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.packs.files import LoneProfile, TreeFiles
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.specs import load_spec
from pytest_fluxscenario.remote.case import PortableCase, PortablePack, PortableSettings, PortableSpec
from pytest_fluxscenario.remote.content import check_content
from pytest_fluxscenario.runner.case import Case, Subject
from pytest_fluxscenario.runner.suite import make_subject
from pytest_fluxscenario.runtimes.make import Runtimes

#: Packs that are kept ready; one that is asked for again is loaded again.
_MOST_SUBJECTS = 64
_VERSIONS = "sender and rack need the same version of this package"
_Key = tuple[PortablePack, PortableSpec | None, tuple[str, ...], str]


@dataclass(slots=True)
class Shelf:
    """Out of one set of blobs, which holds all of it.

    Methods raise FluxError for what cannot be run as its sender would run it: content that is not there or cannot be
    read, a pack or profile that is another one here, a gear that is not here.
    """

    blobs: Blobs
    runtimes: Runtimes
    gears: Offered
    #: Charts of the packs that stand here, by which is counted what cases show.
    counter: Counter = field(default_factory=Counter)
    _subjects: dict[_Key, Subject] = field(default_factory=dict)

    def case(self, case: PortableCase, settings: PortableSettings, document: bytes = b"") -> Case:
        """One case, whose scenario may have come along as ``document``."""
        if document:
            check_content(document, case.content)
        try:
            scenario = decode(Scenario, document or self.blobs.read_named(case.content))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"the scenario cannot be read here: {shown(error)}"
            raise FluxError.of("remote.scenario", Place(case.file), message, _VERSIONS) from None
        ref = ScenarioRef(scenario.id, case.hash, case.file)
        if case.row is not None and scenario.parameters:
            ref = ScenarioRef(scenario.id, case.hash, case.file, case.row, scenario.parameters[0])
        return Case(scenario, ref, self.subject(case, settings.limits))

    def subject(self, case: PortableCase, limits: tuple[str, ...]) -> Subject:
        """The pack of a case, and its spec, on the gear that it names."""
        key = case.pack, case.spec, limits, case.gear
        subject = self._subjects.get(key)
        if subject is None:
            if len(self._subjects) >= _MOST_SUBJECTS:
                self._subjects.clear()
                self.counter = Counter()
                self.runtimes.close()
            subject = self._subjects[key] = self._loaded(case, Limits.parse(limits))
        if subject.ref != case.profile:
            message = f"the profile is {shown(subject.ref.hash, 80)} here, and was {shown(case.profile.hash, 80)}"
            raise ProfileError.of("remote.profile", Place(case.pack.where), message, _VERSIONS)
        return subject

    def _loaded(self, case: PortableCase, limits: Limits) -> Subject:
        pack = self._pack(case.pack, limits)
        if pack.behaviour_hash != case.pack.behaviour:
            message = "the pack is another one than when its scenarios were collected"
            raise ProfileError.of("remote.pack-changed", Place(case.pack.where), message, "run again")
        subject = make_subject(pack, self.runtimes)
        gear = self.gears.get(case.gear)
        if gear is not None:
            subject = replace(subject, gear=gear)
        if case.spec is None:
            return subject
        sent = case.spec
        source = Source(sent.name, self.blobs.read_named(sent.hash), sent.hash)
        spec = load_spec(source, sent.ref, limits)
        if spec is None:
            raise FluxError.of("remote.spec", Place(sent.name), "holds no schemas, so it can check no payload")
        return replace(subject, spec=spec)

    def _pack(self, sent: PortablePack, limits: Limits) -> Pack:
        if sent.kind == "tree":
            files = TreeFiles(read_tree(self.blobs, sent.hash), sent.where, limits)
            return load_pack(files, sent.origin, sent.store_ref, sent.stored)
        source = Source(sent.where, self.blobs.read_named(sent.hash), sent.hash)
        lone = LoneProfile(source, sent.where.rpartition("/")[0], limits)
        return load_lone_profile(lone, sent.origin, sent.store_ref, sent.stored)
