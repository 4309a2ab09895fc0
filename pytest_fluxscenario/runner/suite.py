"""What all scenarios of one session share: the root, the limits, and each pack made ready once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.errors import DocumentError, FluxError, ProfileError
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.control.rules import make_rules
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.documents.source import Root, Source, read_source
from pytest_fluxscenario.model.evidence import ProfileRef, ScenarioRef
from pytest_fluxscenario.model.references import references
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.model.vocabulary import MATCHERS
from pytest_fluxscenario.packs.artifact_schemas import ArtifactSchemas
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.case import Case, Subject
from pytest_fluxscenario.runner.matchers import PluginMatchers
from pytest_fluxscenario.runner.prepare import Loaded, Prepared, load_file
from pytest_fluxscenario.runtimes.make import Runtimes

if TYPE_CHECKING:
    from pytest_fluxscenario.gears.port import Choice
    from pytest_fluxscenario.packs.pack import Pack
    from pytest_fluxscenario.packs.spec_refs import SpecResolver
    from pytest_fluxscenario.runner.archived import LooseDocument


@dataclass(slots=True)
class Suite:
    """Loads scenario files and finds what they run on."""

    root: str
    resolver: Resolver
    limits: Limits = field(default_factory=Limits)
    matchers: PluginMatchers = field(default_factory=dict)
    #: Calls the hooks of packs; whoever makes a suite closes it.
    runtimes: Runtimes = field(default_factory=Runtimes)
    #: What scenarios run against; None for the built-in engine. Closed with the suite.
    gears: Choice | None = None
    _inside: Root = field(init=False)
    #: Made when a scenario names a spec.
    _specs: SpecResolver | None = None
    #: By pack, and by spec (0 for none).
    _subjects: dict[tuple[int, int], Subject] = field(default_factory=dict)
    _places: tuple[tuple[str, str], Places | None] = (("", ""), None)

    def __post_init__(self) -> None:
        self._inside = Root(self.root)

    def read(self, path: str, name: str) -> Source:
        """The bytes of a file below the root. Raises DocumentError."""
        return read_source(path, name, self.limits, self._inside)

    def load(self, source: Source) -> tuple[Loaded, ...]:
        """The scenarios of a file. Raises DocumentError with everything that is wrong in it."""
        return load_file(source, self.limits, (*MATCHERS, *self.matchers))

    def subject(
        self, loaded: Loaded, file: str, named: str | None = None, loose: LooseDocument | None = None
    ) -> Subject:
        """The profile under test (scenario.md) and the spec, made ready; ``named`` is a ref or path of a plugin for it.

        ``loose`` is the document of the store or of an archive that the scenario stands in; ``file`` is then only how
        it is shown.

        Raises ProfileError, at the field of the scenario that leads nowhere; DocumentError for a spec that cannot be
        used, and for a fault of a hook that the pack has not: it would never happen. DamageError.
        """
        scenario = loaded.scenario
        begins = Place(file, loaded.rows[0].line, 1)
        ref, wanted = scenario.profile or named, (scenario.profile_id, scenario.profile_version)
        try:
            if loose is None:
                pack = self.resolver.resolve(*wanted, ref, file, begins)
            elif ref is not None and scenario.profile is None:
                # A path that a plugin gives is one of the project.
                pack = self.resolver.resolve(*wanted, ref, "", begins)
            else:
                pack = self.resolver.resolve_loose(*wanted, ref, loose.around, begins)
        except ProfileError as error:
            if error.place != begins:
                raise
            # Only now is it worth reading the file for its places.
            place = loaded.locate(("profile_id",) if scenario.profile is None else ("profile",))
            raise ProfileError(replace(problem, place=place) for problem in error.problems) from None
        _check_faults(loaded, pack)
        known = self._subjects.get((id(pack), 0))
        if known is None:
            known = make_subject(pack, self.runtimes)
            if self.gears is not None:
                known = replace(known, gear=self.gears.of(pack))
            self._subjects[id(pack), 0] = known
        return self.with_spec(known, loaded, file if loose is None else None)

    def with_spec(self, subject: Subject, loaded: Loaded, file: str | None) -> Subject:
        """The subject with the spec that a scenario names; itself where it names none.

        ``file`` is the scenario's, where it lies in a folder. Raises DocumentError for a spec that cannot be used,
        DamageError.
        """
        ref = loaded.scenario.spec
        if ref is None:
            return subject
        if self._specs is None:
            from pytest_fluxscenario.packs.spec_refs import SpecResolver

            self._specs = SpecResolver(self.root, self.resolver.store, self.limits)
        spec = self._specs.resolve(ref, file, lambda: loaded.locate(("spec",)))
        key = id(subject.pack), id(spec)
        known = self._subjects.get(key)
        if known is None:
            warnings = (*subject.warnings, *spec.warnings_for(subject.pack.profile))
            known = self._subjects[key] = replace(subject, spec=spec, warnings=warnings)
        return known

    def warnings(self, loaded: Loaded, subject: Subject, file: str) -> tuple[Problem, ...]:
        """What the owners of a scenario of the working tree, its profile and its spec should know of.

        ``file`` is the scenario's, relative to the root.
        """
        found, pack, scenario = warnings_of(loaded, subject), subject.pack, loaded.scenario
        folder = os.path.dirname(file)
        if scenario.profile is not None or pack.where in ("", ".") or f"{folder}/".startswith(f"{pack.where}/"):
            return found
        around = self.resolver.tree.nearest(os.path.abspath(os.path.join(self.root, folder)))
        if around is None or around.id != scenario.profile_id or around.version == scenario.profile_version:
            return found
        # A pack that was raised to a new version, and its scenarios were not: their verdict would be taken for its own.
        here = f"{shown(around.id, 80)} {shown(around.version, 40)}"
        message = f"lies in the pack {here} and runs on {shown(pack.profile.version, 40)} ({shown(pack.where)})"
        hint = f'write "{shown(around.version, 40)}", or name that profile in the field profile'
        place = loaded.locate(("profile_version",))
        return (*found, Problem("scenario.other-version", place, message, hint, "warning"))

    def close(self) -> None:
        """End what hooks and gears have started, and remove their files."""
        self.runtimes.close()
        if self.gears is not None:
            self.gears.close()

    def again(self, read: Callable[[], Source], prepared: Prepared) -> Prepared:
        """A scenario whose text was let go, from what ``read`` gives.

        Raises DocumentError where that is not what was collected, StoreError and DamageError of a store.
        """
        source = read()
        for loaded in self.load(source):
            for row in loaded.rows:
                if row.name == prepared.name and row.hash == prepared.hash:
                    return row
        message = f"the scenario {prepared.name} has changed since it was collected"
        raise DocumentError.of("scenario.changed", Place(source.name, prepared.line), message, "run again")

    def place(self, read: Callable[[], Source], name: str, prepared: Prepared, pointer: Pointer, digest: str) -> Place:
        """The place of something in a collected scenario, from what ``read`` gives, which is shown as ``name``.

        Only its file and line where it has changed since.
        """
        if self._places[0] != (name, digest):
            try:
                source = read()
            except FluxError:
                return Place(name, prepared.line, 0, pointer)
            if source.digest != digest:
                return Place(name, prepared.line, 0, pointer)
            # Kept for the next failed step: a file of many scenarios fails many times.
            self._places = (name, digest), read_places(source, self.limits)
        places = self._places[1]
        if places is None:
            return Place(name, prepared.line, 0, pointer)
        return places.at(prepared.document, prepared.pointer + pointer)


def _check_faults(loaded: Loaded, pack: Pack) -> None:
    scenario = loaded.scenario
    named: list[tuple[Pointer, str]] = [(("faults", hook), hook) for hook in scenario.faults or ()]
    for index, step in enumerate(scenario.steps):
        named.extend((("steps", index, "faults", hook), hook) for hook in step.faults or ())
    if not named:
        return
    known = [hook.id for hook in pack.hooks.hooks] if pack.hooks else []
    problems = [
        Problem(
            "scenario.unknown-hook",
            loaded.locate(pointer, True),
            f"the pack has no hook '{shown(hook, 80)}' that could fail",
            did_you_mean(hook, known),
        )
        for pointer, hook in named
        if hook not in known
    ]
    if problems:
        raise DocumentError(problems)


def make_subject(pack: Pack, runtimes: Runtimes) -> Subject:
    """A pack with its rules and hooks made ready. Raises ProfileError where they cannot be read."""
    schemas = ArtifactSchemas(pack.schemas) if pack.schemas else None
    rules = make_rules(pack.profile, pack.profile_hash, pack.manifest, pack.hooks, schemas)
    # Of what is named by its hash not where it lies: the same on every machine.
    by_hash = f"sha256:{pack.tree_hash}" if pack.origin == "store" else None
    source = pack.store_ref or by_hash or pack.where or "."
    ref = ProfileRef(pack.profile.id, pack.profile.version, pack.profile_hash, pack.origin, source)
    return Subject(pack, rules, ref, warnings=pack.warnings, hooks=runtimes.of(pack))


def warnings_of(loaded: Loaded, subject: Subject) -> tuple[Problem, ...]:
    """What the owners of a scenario, of its profile and of its spec should know of."""
    spec, found = subject.spec, (*loaded.warnings, *subject.warnings)
    if spec is None:
        return found
    actions = [step.action for step in loaded.scenario.steps if step.action is not None]
    if any(references(action) or spec.checks(action) for action in actions):
        return found
    message = f"the spec '{shown(spec.ref.ref, 160)}' has a schema for no action of this scenario, so it checks nothing"
    hint = "give it one for the actions that are sent here, or a 'default'"
    return (*found, Problem("spec.checks-nothing", loaded.locate(("spec",)), message, hint, "warning"))


def make_case(prepared: Prepared, subject: Subject, file: str) -> Case:
    """A prepared scenario as what a control is built from; ``file`` is relative to the root, or of the store."""
    scenario = decode(Scenario, prepared.encoded)
    if prepared.row is None or scenario.parameters is None:
        ref = ScenarioRef(scenario.id, prepared.hash, file)
    else:
        # Its row is the only one left.
        ref = ScenarioRef(scenario.id, prepared.hash, file, prepared.row, scenario.parameters[0])
    return Case(scenario, ref, subject)
