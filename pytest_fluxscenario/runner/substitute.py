"""Putting values where references stand (scenario.md, ``parameters`` and ``capture``).

Parameters are put in once, when a file is collected; what steps give is put in while the scenario runs. A value that is
nothing but one reference keeps the type of what replaces it; inside a longer string it becomes text. ``$${`` stands for
a literal ``${``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.model.references import STEPS, escaped, is_reference, parts
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Step

#: Gives the value of a reference; ABSENT leaves it as it stands.
_Resolve = Callable[[str], Any]
#: Characters that the references of one scenario can stand for: few of them could write out gigabytes.
MOST_INSERTED = 8 << 20


class TooLargeError(Exception):
    """What references stand for is too much to be written out."""

    def __init__(self) -> None:
        super().__init__(f"what its references stand for is more than {MOST_INSERTED} characters")


@dataclass(slots=True)
class _Room:
    """What references may still stand for."""

    left: int = MOST_INSERTED

    def take(self, value: Any) -> Any:
        """The value, where there is room for it. Raises TooLargeError."""
        self.left -= len(value) if isinstance(value, str) else len(msgspec.json.encode(value))
        if self.left < 0:
            raise TooLargeError
        return value


class SubstitutionError(FluxError):
    """A reference that has no value when its step is reached."""

    @classmethod
    def of_step(cls, step: str, message: str) -> SubstitutionError:
        """The error of one step."""
        return cls(cls.of("scenario.reference", Place(f"step '{shown(step, 80)}'"), message).problems)


def put_parameters(document: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario ``document`` with that row alone, its parameters put into every string of the steps.

    Raises TooLargeError.
    """
    room = _Room()

    def resolve(name: str) -> Any:
        return room.take(row[name]) if name in row else ABSENT

    return {**document, "parameters": [row], "steps": _replace(document.get("steps"), resolve, final=False)}


@dataclass(slots=True)
class Captured:
    """What the steps of one scenario have given so far."""

    values: dict[str, Any] = field(default_factory=dict)
    #: Step name to its response as plain data.
    responses: dict[str, Any] = field(default_factory=dict)
    _room: _Room = field(default_factory=_Room)

    def put_into(self, step: Step) -> Step:
        """The step with every reference replaced. Raises SubstitutionError where one has no value."""
        if b"${" not in msgspec.json.encode(step):
            return step

        def resolve(name: str) -> Any:
            value = self._find(name)
            if value is ABSENT:
                raise SubstitutionError.of_step(step.name, f"'${{{shown(name, 80)}}}' has no value")
            return self._room.take(value)

        try:
            return msgspec.convert(_replace(msgspec.to_builtins(step), resolve, final=True), Step)
        except TooLargeError as error:
            raise SubstitutionError.of_step(step.name, str(error)) from error
        except msgspec.ValidationError as error:
            raise SubstitutionError.of_step(
                step.name, f"with its references replaced the step does not fit: {error}"
            ) from error

    def keep(self, name: str, capture: Mapping[str, str] | None, response: Response) -> None:
        """Keep what later steps may refer to. Raises SubstitutionError where the response has it not."""
        data = msgspec.to_builtins(response)
        self.responses[name] = data
        for target, path in (capture or {}).items():
            value = lookup(data, path)
            if value is ABSENT:
                raise SubstitutionError.of_step(name, f"the response has no '{shown(path, 80)}' to capture")
            self.values[target] = value

    def _find(self, name: str) -> Any:
        if not name.startswith(f"{STEPS}."):
            return self.values.get(name, ABSENT)
        rest = name[len(STEPS) + 1 :]
        # Step names are free text and may hold dots: the longest one that fits is meant.
        for step in sorted(self.responses, key=len, reverse=True):
            if rest.startswith(step + "."):
                return lookup(self.responses[step], rest[len(step) + 1 :])
        return ABSENT


def _replace(value: Any, resolve: _Resolve, *, final: bool) -> Any:
    if isinstance(value, str):
        return _replace_text(value, resolve, final=final) if "${" in value else value
    if isinstance(value, dict):
        return {key: _replace(item, resolve, final=final) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(item, resolve, final=final) for item in value]
    return value


def _replace_text(text: str, resolve: _Resolve, *, final: bool) -> Any:
    if is_reference(text):
        value = resolve(text[2:-1])
        if value is ABSENT:
            return text
        return value if final else _escape(value)
    written: list[str] = []
    for part in parts(text):
        if isinstance(part, str):
            written.append(part if final else escaped(part))
            continue
        value = resolve(part.inner)
        if value is ABSENT:
            written.append(text[part.start : part.end])
            continue
        inserted = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        written.append(inserted if final else escaped(inserted))
    return "".join(written)


def _escape(value: Any) -> Any:
    """A parameter's value is data: what looks like a reference in it is not one."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {key: _escape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escape(item) for item in value]
    return value
