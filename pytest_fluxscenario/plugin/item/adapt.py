"""What fixtures may give, as what the runner takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest

from pytest_fluxscenario.base.clock import Clock, StandingClock
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.runtimes.in_process import InProcessHooks
from pytest_fluxscenario.runtimes.port import HookRuntime


def as_environment(given: Any) -> Environment:
    """An Environment from one, or from a mapping. Fails the scenario for anything else."""
    if isinstance(given, Environment):
        return given
    try:
        return msgspec.convert(given, Environment, strict=True)
    except msgspec.ValidationError as error:
        raise _unusable("fluxscenario_environment", f"give capabilities and connectors as lists: {error}") from error


def as_clock(given: Any) -> Clock:
    """A clock from one, or one that stands at a datetime. Fails the scenario for anything else."""
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise _unusable("fluxscenario_clock", "the datetime names no time zone; give it tzinfo=UTC")
        return StandingClock(given.astimezone(UTC))
    if callable(getattr(given, "now", None)):
        return cast("Clock", given)
    raise _unusable("fluxscenario_clock", f"give a datetime or an object with now(), not {shown(type(given).__name__)}")


def as_hooks(given: Any) -> HookRuntime | None:
    """A hook runtime from one, or from Python functions by hook id. Fails the scenario for anything else."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return InProcessHooks(given)
    if callable(getattr(given, "call", None)):
        return cast("HookRuntime", given)
    raise _unusable(
        "fluxscenario_hooks", f"give functions by hook id or an object with call(), not {shown(type(given).__name__)}"
    )


def _unusable(fixture: str, message: str) -> BaseException:
    return pytest.fail.Exception(f"the fixture {fixture} cannot be used: {message}", pytrace=False)
