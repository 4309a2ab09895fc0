"""From a scenario file to what can run: held against shape and rules, each parameter row a scenario of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from pytest_fluxscenario.base.canonical import canonical, canonical_without_floats
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.elements import Element, read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.scenario_rules import scenario_problems
from pytest_fluxscenario.model.shapes import decode, shape_problems
from pytest_fluxscenario.runner.substitute import TooLargeError, put_parameters

#: Problems of one file after which nobody looks for more.
MOST_PROBLEMS = 50
#: All rows of one scenario together, parameters put in.
MOST_ROWS_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Prepared:
    """One scenario, or one parameter row of it, between collection and run. Small: thousands of them are kept."""

    #: ``id``, or ``id[row]``.
    name: str
    #: The scenario as compact JSON, parameters put in.
    encoded: bytes
    #: ``sha256:`` of the canonical JSON of the scenario as written.
    hash: str
    #: Where it stands in its file.
    line: int
    document: int
    pointer: Pointer
    #: The parameter row; None where the scenario has none.
    row: str | None
    #: Whether strings may hold references that are replaced while it runs.
    references: bool
    #: Whether it may hold a float, so that its evidence is written the careful way.
    floats: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario of a file as it was collected: the struct, and what is kept of it."""

    scenario: Scenario
    rows: tuple[Prepared, ...]
    warnings: tuple[Problem, ...]
    #: Gives the place of a pointer into the scenario; reads the file's bytes again for it.
    locate: Callable[..., Place]


def load_file(source: Source, limits: Limits, matchers: Collection[str]) -> tuple[Loaded, ...]:
    """Every scenario of a file, in its order. Raises DocumentError with everything that is wrong in the file."""
    elements = read_elements(source, limits)
    located = _Located(source, limits)
    problems: list[Problem] = []
    loaded: list[Loaded] = []
    seen: dict[str, Element] = {}
    for element in elements:
        if len(problems) >= MOST_PROBLEMS:
            message = f"from here on the file was not looked at: it has {len(problems)} problems before"
            problems.append(Problem("scenario.more", located.at(element)(()), message))
            break
        one = _load(element, located, matchers, problems)
        if one is None:
            continue
        loaded.append(one)
        first = seen.setdefault(one.scenario.id, element)
        if first is not element:
            problems.append(_duplicate(one.scenario.id, element, first, located))
    if problems:
        raise DocumentError(sorted(problems, key=lambda problem: problem.place))
    if not loaded:
        raise DocumentError.of("scenario.none", Place(source.name, 1, 1), "the file holds no scenario")
    return tuple(loaded)


class _Located:
    """The places of one file, read when the first fault asks for them."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._places: Places | None = None

    def places(self) -> Places:
        if self._places is None:
            self._places = read_places(self._source, self._limits)
        return self._places

    def at(self, element: Element) -> Callable[..., Place]:
        def locate(pointer: Pointer, key: bool = False) -> Place:
            return self.places().at(element.document, element.pointer + tuple(pointer), key=key)

        return locate

    def written(self, element: Element) -> Callable[[Pointer], str | None]:
        return lambda pointer: self.places().written(element.document, element.pointer + tuple(pointer))


def _load(element: Element, located: _Located, matchers: Collection[str], problems: list[Problem]) -> Loaded | None:
    """One scenario, or None with what is wrong added to ``problems``."""
    locate = located.at(element)
    try:
        scenario = decode(Scenario, element.encoded)
    except msgspec.ValidationError:
        problems.extend(shape_problems(Scenario, element.data, locate, located.written(element)))
        return None
    found = scenario_problems(scenario, locate, matchers=matchers)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        problems.extend(errors)
        return None
    digest = sha256_ref((canonical_without_floats if element.plain else canonical)(element.data))
    rows = _rows(scenario, element, digest, locate, matchers, problems)
    return Loaded(scenario, rows, tuple(found), locate) if rows else None


def _rows(
    scenario: Scenario,
    element: Element,
    digest: str,
    locate: Callable[..., Place],
    matchers: Collection[str],
    problems: list[Problem],
) -> tuple[Prepared, ...]:
    if scenario.parameters is None:
        return (_prepared(scenario.id, element, element.encoded, digest, None),)
    rows: list[Prepared] = []
    size = 0
    document: dict[str, Any] = element.data  # type: ignore[assignment]  # a decoded scenario is an object
    for number, row in enumerate(scenario.parameters):
        try:
            put = put_parameters(document, row)
        except TooLargeError as error:
            problems.append(_in_row(Problem("scenario.size", locate(("parameters", number)), str(error)), number))
            break
        encoded = msgspec.json.encode(put)
        size += len(encoded)
        if size > MOST_ROWS_BYTES:
            message = f"the scenario is more than {MOST_ROWS_BYTES} bytes when it is written out for each of its rows"
            hint = "put the rows into several scenarios, or what is large into fewer steps"
            problems.append(Problem("scenario.size", locate(("parameters",)), message, hint))
            break
        errors = _row_errors(put, encoded, locate, matchers)
        if not errors:
            rows.append(_prepared(f"{scenario.id}[{number}]", element, encoded, digest, str(number)))
            continue
        problems.extend(_in_row(problem, number) for problem in errors)
        if len(problems) >= MOST_PROBLEMS:
            message = f"the rows after row {number} were not looked at"
            problems.append(Problem("scenario.more", locate(("parameters", number)), message))
            break
    return tuple(rows)


def _row_errors(put: Any, encoded: bytes, locate: Callable[..., Place], matchers: Collection[str]) -> list[Problem]:
    """What is wrong with a scenario into which the values of a row were put."""
    try:
        found = scenario_problems(decode(Scenario, encoded), locate, matchers=matchers)
    except msgspec.ValidationError:
        found = shape_problems(Scenario, put, locate)
    return [problem for problem in found if problem.severity == "error"]


def _prepared(name: str, element: Element, encoded: bytes, digest: str, row: str | None) -> Prepared:
    return Prepared(
        name,
        encoded,
        digest,
        element.line,
        element.document,
        element.pointer,
        row,
        _refers(encoded),
        not element.plain,
    )


def _refers(encoded: bytes) -> bool:
    """Whether strings may hold references, or a step captures something: what it names must be there, used or not."""
    return b"${" in encoded or b'"capture"' in encoded


def _in_row(problem: Problem, number: int) -> Problem:
    message = f"with the parameters of row {number}: {problem.message}"
    return Problem(problem.code, problem.place, message, problem.hint, problem.severity)


def _duplicate(scenario_id: str, element: Element, first: Element, located: _Located) -> Problem:
    place = located.at(element)(("id",))
    earlier = located.at(first)(("id",))
    message = f"the id '{shown(scenario_id, 80)}' stands twice in this file"
    return Problem("scenario.duplicate-id", place, message, f"first at line {earlier.line}; give each its own id")
