"""Unpacking and running: a case that came from elsewhere, by the same runner and writer as a local run's.

So the ``result`` of its record has the bytes that it would have there (evidence.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from pytest_fluxscenario.base.clock import SystemClock, seconds, timestamp
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, FluxError, ProfileError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.cas.trimming import touch
from pytest_fluxscenario.cas.writing import write_blob
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.evidence.circumstances import circumstances, hook_notes
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.evidence.coverage_index import Index
from pytest_fluxscenario.evidence.record import make_result, write_record
from pytest_fluxscenario.evidence.redact import MASK, Redactor
from pytest_fluxscenario.gears.choosing import Offered
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.model.evidence import ScenarioRef, StepResult, Volatile
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.packs.files import LoneProfile, TreeFiles
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.specs import load_spec
from pytest_fluxscenario.remote.case import Done, PortableCase, PortablePack, PortableSettings, PortableSpec
from pytest_fluxscenario.runner.case import Case, StepHooks, Subject
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runner.suite import make_subject
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.about import About
from pytest_fluxscenario.telemetry.spans import Value
from pytest_fluxscenario.telemetry.watching import UNWATCHED, Watch, watching

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

#: Packs that are kept ready; one that is asked for again is loaded again.
_MOST_SUBJECTS = 64
_Key = tuple[PortablePack, PortableSpec | None, tuple[str, ...], str]


def bring(
    case: PortableCase,
    blobs: Blobs,
    fetch: Callable[[str], bytes],
    whole: set[str] | None = None,
    document: bytes = b"",
) -> None:
    """See that ``blobs`` holds all that a case needs; ``fetch`` gives the bytes of a hash from where it came.

    ``whole`` are packs and specs that were brought before, and is added to: a large pack is not looked through for each
    of its scenarios. A scenario that came along as ``document`` is not kept. Raises DamageError where the bytes have
    another hash, and what ``fetch`` and writing raise.
    """
    whole = set() if whole is None else whole
    if not document:
        _bring((case.content,), blobs, fetch)
    several = (case.pack.hash, *((case.spec.hash,) if case.spec else ()))
    lacking = [digest for digest in several if digest not in whole]
    _bring(lacking, blobs, fetch)
    if case.pack.kind == "tree" and case.pack.hash in lacking:
        _bring((entry.hash for entry in read_tree(blobs, case.pack.hash).entries.values()), blobs, fetch)
    whole.update(lacking)


def _bring(digests: Iterable[str], blobs: Blobs, fetch: Callable[[str], bytes]) -> None:
    for digest in digests:
        if touch(blobs, digest):
            continue
        data = fetch(digest)
        _check(data, digest)
        write_blob(blobs, data)


def _check(data: bytes, digest: str) -> None:
    if sha256(data) != digest:
        message = f"what came for the hash {shown(digest, 80)} has another one"
        raise DamageError.of("remote.content", Place("content"), message, "it is not used")


@dataclass(slots=True)
class Bench:
    """Runs cases out of one set of blobs, which holds what they need; each pack is made ready once."""

    blobs: Blobs
    #: Names the machine in records.
    name: str
    #: Variables of this machine whose values no record may hold, and where they are looked up.
    redact_env: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    #: Calls the hooks of packs; whoever makes a bench closes it.
    runtimes: Runtimes = field(default_factory=Runtimes)
    #: What is exported of it; None for nothing.
    telemetry: Telemetry | None = None
    #: What there is beside the built-in engine; closed with the bench.
    gears: Offered = field(default_factory=Offered)
    _counter: Counter = field(default_factory=Counter)
    _subjects: dict[_Key, Subject] = field(default_factory=dict)

    def run(
        self,
        case: PortableCase,
        settings: PortableSettings,
        earlier: tuple[str, ...] = (),
        document: bytes = b"",
        trace: str = "",
    ) -> Done:
        """Run one case, and write its record; ``earlier`` are the refs of what earlier attempts gave.

        ``document`` is the scenario, where it came along and is not among the blobs; ``trace`` the ``traceparent`` of
        what it is run for. Raises FluxError for a case that cannot be run as its sender would run it, also for a gear
        that is not here.
        """
        redactor = Redactor(settings.redact, self.redact_env, self.environ)
        whole = self._case(case, settings, document)
        self._check_variables(whole, settings)
        hooks = whole.hooks()
        how = RunSettings(settings.on_failure == "stop", {}, redactor.text)
        control = whole.control(hooks, whole.environment)
        try:
            with self._watching(case, settings, whole, hooks, redactor, len(earlier) + 1, trace) as watch:
                started, begun = timestamp(SystemClock().now()), seconds()
                outcome = run_scenario(
                    whole.scenario,
                    control,
                    hooks,
                    how,
                    references=case.references,
                    observer=watch.beside(None),
                    spec=whole.subject.spec,
                )
                watch.ran(outcome)
                duration = round(seconds() - begun, 6)
                about = circumstances(started, duration, self.name, earlier, hook_notes(outcome), control)
                done = self._done(case, whole, outcome, about, redactor)
                watch.wrote(done.ref)
        except RuntimeMissing as missing:
            said = redactor.text(str(missing))
            item, counts = redactor.text(case.item), redactor.counts
            return Done(item, "", "", "error", self.name, missing=said, lacks=missing.needs, redactions=counts)
        seen = self._counter.seen(whole, control, hooks, whole.environment, outcome)
        return msgspec.structs.replace(done, called=hooks.calls > 0, seen=f"{seen:x}")

    def give_up(self, case: PortableCase, settings: PortableSettings, reason: str) -> Done:
        """The record of a case that could not be run to its end: no verdict, and why. Raises like ``run``."""
        redactor = Redactor(settings.redact, self.redact_env, self.environ)
        # Nobody is asked, so that it is no matter whether this machine could reach its gear.
        whole = self._case(msgspec.structs.replace(case, gear=ENGINE), settings)
        steps = tuple(StepResult(number, step.name, "skipped") for number, step in enumerate(whole.scenario.steps, 1))
        outcome = Outcome("error", steps, reason)
        about = circumstances(timestamp(SystemClock().now()), 0.0, self.name)
        return self._done(case, whole, outcome, about, redactor)

    def points(self, case: PortableCase, settings: PortableSettings) -> Index:
        """The points of a case's profile, of which ``seen`` tells. Raises like ``run``."""
        return self._counter.chart(self._subject(msgspec.structs.replace(case, gear=ENGINE), settings.limits)).index

    def afresh(self) -> None:
        """Another run begins: what hooks and gears remember of an earlier one must not decide in it."""
        self.runtimes.afresh()
        self.gears.afresh()

    def close(self) -> None:
        """End what hooks and gears have started, and remove their files."""
        self.runtimes.close()
        self.gears.close()

    def _watching(
        self,
        case: PortableCase,
        settings: PortableSettings,
        whole: Case,
        hooks: StepHooks,
        redactor: Redactor,
        attempt: int,
        trace: str,
    ) -> Watch:
        if self.telemetry is None:
            return UNWATCHED
        more: dict[str, Value] = {words.RACK: self.name, words.GEAR: case.gear}
        text = exported_text(settings, redactor)
        return watching(self.telemetry, lambda: About.of(case.item, whole, attempt, more), hooks, text, trace)

    def _check_variables(self, whole: Case, settings: PortableSettings) -> None:
        """Raise UsageError where hooks would see less than they see where the scenario comes from."""
        lacking = [name for name in settings.hook_env if name not in self.runtimes.settings.variables]
        # The hooks of a gear are its own to call.
        if lacking and whole.subject.pack.hooks is not None and whole.subject.gear is None:
            names = shown(", ".join(lacking), 200)
            message = f"hooks of the sender see the variable {names}, and those of the rack {self.name} do not"
            hint = "set it there, and name it under 'hook_env' of the rack's configuration"
            raise UsageError.of("remote.hook-env", Place(whole.subject.pack.where), message, hint)

    def _done(self, case: PortableCase, whole: Case, outcome: Outcome, volatile: Volatile, redactor: Redactor) -> Done:
        result = make_result(whole, whole.environment, outcome)
        # Only the engine is known to answer with nothing but what the scenario holds.
        floats = case.floats or whole.subject.gear is not None
        written = write_record(case.item, result, volatile, redactor, floats=floats)
        text = redactor.text
        return Done(
            item=written.id,
            record=written.line.decode().removesuffix("\n"),
            ref=written.ref,
            verdict=outcome.verdict,
            rack=self.name,
            fault=text(outcome.fault),
            where=tuple(outcome.where.items()),
            errors=tuple((hook_id, text(said)) for hook_id, said in outcome.errors),
            damaged=outcome.damaged,
            redactions=redactor.counts,
        )

    def _case(self, case: PortableCase, settings: PortableSettings, document: bytes = b"") -> Case:
        if document:
            _check(document, case.content)
        try:
            scenario = decode(Scenario, document or self.blobs.read_named(case.content))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"the scenario cannot be read here: {shown(error)}"
            raise FluxError.of("remote.scenario", Place(case.file), message, _VERSIONS) from None
        ref = ScenarioRef(scenario.id, case.hash, case.file)
        if case.row is not None and scenario.parameters:
            ref = ScenarioRef(scenario.id, case.hash, case.file, case.row, scenario.parameters[0])
        return Case(scenario, ref, self._subject(case, settings.limits))

    def _subject(self, case: PortableCase, limits: tuple[str, ...]) -> Subject:
        key = case.pack, case.spec, limits, case.gear
        subject = self._subjects.get(key)
        if subject is None:
            if len(self._subjects) >= _MOST_SUBJECTS:
                self._subjects.clear()
                self._counter = Counter()
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


def exported_text(settings: PortableSettings, redactor: Redactor) -> Callable[[str], str]:
    """What makes a name of a case fit to be exported by the machine that runs it."""
    return redactor.uncounted().text if settings.names else _hidden


def _hidden(text: str) -> str:
    return MASK if text else ""


def contents(case: PortableCase, blobs: Blobs) -> Iterator[str]:
    """The hashes of all that a case needs. Raises StoreError, DamageError where its pack's tree cannot be read."""
    yield from (case.content, case.pack.hash)
    if case.spec is not None:
        yield case.spec.hash
    if case.pack.kind == "tree":
        yield from (entry.hash for entry in read_tree(blobs, case.pack.hash).entries.values())


_VERSIONS = "sender and rack need the same version of this package"
