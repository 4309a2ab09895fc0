"""Matchers: what may stand in an expectation instead of a value (scenario.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.patience import TooSlowError, patience
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import ABSENT, same
from pytest_fluxscenario.model.vocabulary import MATCHERS

#: Argument of the matcher, actual value (ABSENT where there is none).
Match = Callable[[Any, Any], bool]
#: What plugins add: names begin with ``x-``.
PluginMatchers = Mapping[str, Match]

#: Longest text that a pattern is tried on: a pattern comes from a file, and may be slow.
_LONGEST = 64 << 10


def matcher_name(value: Any) -> str | None:
    """The name of the matcher that ``value`` is; None where it is plain data."""
    if type(value) is dict and len(value) == 1:
        name = next(iter(value))
        if name in MATCHERS or name.startswith("x-"):
            return str(name)
    return None


def fits(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
    """Whether ``actual`` is what ``expected`` says: exactly, but for the matchers in it."""
    if type(expected) is str:
        return type(actual) is str and expected == actual
    name = matcher_name(expected)
    if name is not None:
        return _match(name, expected[name], actual, plugin)
    if expected is None:
        return actual is None or actual is ABSENT
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and expected.keys() == actual.keys()
            and all(fits(value, actual[key], plugin) for key, value in expected.items())
        )
    if isinstance(expected, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(expected) == len(actual)
            and all(fits(one, other, plugin) for one, other in zip(expected, actual, strict=True))
        )
    return actual is not ABSENT and same(expected, actual)


def fits_as_set(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
    """Like ``fits`` for a list of names: order and repetition do not count."""
    if not isinstance(expected, list | tuple):
        return fits(expected, actual, plugin)
    if not isinstance(actual, list | tuple):
        return False
    if all(type(name) is str for name in expected):
        return set(expected) == set(actual)
    unique = list(dict.fromkeys(actual))
    return all(any(fits(one, other, plugin) for other in unique) for one in expected) and all(
        any(fits(one, other, plugin) for one in expected) for other in unique
    )


def _match(name: str, argument: Any, actual: Any, plugin: PluginMatchers) -> bool:
    if name == "present":
        return (actual is not ABSENT and actual is not None) is argument
    if name.startswith("x-"):
        return plugin[name](argument, actual) is True
    if name == "any_of":
        # Also where nothing is: null may be one of the choices.
        return any(fits(one, actual, plugin) for one in argument)
    if actual is ABSENT:
        return False
    if name == "matches":
        return isinstance(actual, str) and len(actual) <= _LONGEST and _matches(argument, actual)
    if name == "contains":
        return _contains(argument, actual, plugin)
    return isinstance(actual, list | tuple) and fits(list(argument), list(actual), plugin)


def _matches(pattern: str, text: str) -> bool:
    try:
        with patience():
            return re.search(pattern, text) is not None
    except TooSlowError as error:
        message = f"the pattern '{shown(pattern, 80)}' {error}"
        hint = "write it without one repetition inside another"
        raise DocumentError.of("scenario.slow-pattern", Place("matches"), message, hint) from error


def _contains(argument: Any, actual: Any, plugin: PluginMatchers) -> bool:
    if isinstance(actual, str):
        return isinstance(argument, str) and argument in actual
    if isinstance(actual, list | tuple):
        return any(fits(argument, one, plugin) for one in actual)
    if isinstance(actual, dict):
        if isinstance(argument, dict):
            return all(key in actual and fits(value, actual[key], plugin) for key, value in argument.items())
        return isinstance(argument, str) and argument in actual
    return False
