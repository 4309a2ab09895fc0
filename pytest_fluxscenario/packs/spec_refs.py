"""Which spec a scenario means (scenario.md, ``spec``): a ref into the store, or, with a slash in it, a path."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError, StoreError
from pytest_fluxscenario.base.names import parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.describing import document_name
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Root, Source, read_source
from pytest_fluxscenario.packs.specs import Spec, load_spec

_NO_SCHEMAS: Final = "write it as a JSON Schema (type: object, properties: …), or one for each action under 'schemas'"
_FILE_IT: Final = "file one: fluxrig spec import FILE --name NAME --tag v1.0.0; or name a file, with a slash in it"
_MOST_NAMES: Final = 1_000


class _RefusedError(Exception):
    """No spec for a scenario: everything of the message but the scenario's place, which differs by scenario."""

    def __init__(self, code: str, message: str, hint: str = "", more: tuple[Problem, ...] = ()) -> None:
        super().__init__(code, message, hint, more)
        self.code, self.message, self.hint = code, message, hint
        #: What is wrong in the spec itself.
        self.more = more


@dataclass(slots=True)
class SpecResolver:
    """Finds the specs of one session. Each is read, checked and compiled once."""

    root: str
    #: None where the session has no store.
    store: Store | None = None
    limits: Limits = Limits()
    _inside: Root = field(init=False, repr=False)
    _answers: dict[tuple[str, str], Spec | DamageError | _RefusedError] = field(default_factory=dict, init=False)
    _loaded: dict[str, Spec | _RefusedError] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.root = os.path.abspath(self.root)
        self._inside = Root(self.root)

    def resolve(self, ref: str, scenario_file: str | None, locate: Callable[[], Place]) -> Spec:
        """The spec that the scenario in ``scenario_file`` (absolute, or relative to the root) calls ``ref``.

        None stands for a scenario that is no file: it comes from the store, and no path leads anywhere from there.

        Raises DocumentError, at the place that ``locate`` gives for the field, followed by what is wrong in the spec
        itself; DamageError where the store is damaged.
        """
        if "/" not in ref:
            folder = ""
        elif scenario_file is not None:
            folder = os.path.dirname(scenario_file)
        else:
            message = f"the spec '{shown(ref)}' is a path, and a scenario in the store lies in no folder"
            hint = "file the spec too, and name it by its ref: name:tag"
            raise DocumentError.of("spec.path", locate(), message, hint)
        answer = self._answers.get((folder, ref))
        if answer is None:
            answer = self._answers[folder, ref] = self._answer(folder, ref)
        if isinstance(answer, Spec):
            return answer
        # A new error each time: an exception that is raised again grows a traceback.
        if isinstance(answer, DamageError):
            raise DamageError(answer.problems)
        raise DocumentError((Problem(answer.code, locate(), answer.message, answer.hint), *answer.more))

    def _answer(self, folder: str, ref: str) -> Spec | DamageError | _RefusedError:
        try:
            return self._by_path(folder, ref) if "/" in ref else self._by_ref(ref)
        except (DamageError, _RefusedError) as error:
            return error

    def _by_path(self, folder: str, ref: str) -> Spec | _RefusedError:
        path = os.path.normpath(os.path.join(self.root, folder, ref))
        name = os.path.relpath(path, self.root).replace(os.sep, "/")
        said = f"the spec '{shown(ref)}'"
        if "\0" in path or not self._inside.holds(os.path.realpath(path)):
            raise _RefusedError("spec.path", f"{said} leads out of the root", "name a file that lies in the root")
        if not os.path.lexists(path):
            hint = did_you_mean(os.path.basename(path), _names_in(os.path.dirname(path)))
            raise _RefusedError("spec.path", f"{said} is not there: it means {shown(name)}", hint)
        return self._once(path, said, name, lambda: read_source(path, name, self.limits, self._inside))

    def _by_ref(self, text: str) -> Spec | _RefusedError:
        said = f"the spec '{shown(text, 160)}'"
        ref = parse_ref(text)
        if isinstance(ref, str):
            raise _RefusedError("spec.ref", ref, "a path has a slash in it: ./card.yaml")
        store = self.store
        if store is None:
            raise _RefusedError("spec.no-store", f"{said} is a ref, but there is no store to look it up in", _FILE_IT)
        try:
            found = store.resolve("specs", ref)
            data = store.read(found.hash)
        except DamageError:
            raise
        except StoreError as error:
            problem = error.problems[0]
            hint = _FILE_IT if not store.index.names.get("specs") else problem.hint
            raise _RefusedError(problem.code, f"{problem.message}, in {problem.place}", hint) from error
        place = f"{found.name}/{found.tag}" if found.name else f"sha256/{found.hash[:12]}"
        # The store keeps no file names; the suffix says how the content is read.
        source = Source(f"{store.name}/{place}/{document_name(data)}", data, found.hash)
        return self._once(source.name, said, str(found), lambda: source)

    def _once(self, key: str, said: str, ref: str, read: Callable[[], Source]) -> Spec | _RefusedError:
        known = self._loaded.get(key)
        if known is None:
            known = self._loaded[key] = self._load(said, ref, read)
        return known

    def _load(self, said: str, ref: str, read: Callable[[], Source]) -> Spec | _RefusedError:
        try:
            spec = load_spec(read(), ref, self.limits)
        except FluxError as error:
            return _RefusedError("spec.unusable", f"{said} cannot be used", "", error.problems)
        if spec is None:
            message = f"{said} holds no schemas, so it can check no payload"
            return _RefusedError("spec.no-schemas", message, _NO_SCHEMAS)
        return spec


def _names_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False) if entry.is_file()]
    except (OSError, ValueError):
        return []
