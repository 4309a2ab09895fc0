"""What the ini file and the project's plugins set, checked: what cannot be used is told before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.evidence.coverage_score import FailUnder
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.gears.choosing import TOKEN, GearChoice, read_named
from pytest_fluxscenario.gears.settings import GearSettings
from pytest_fluxscenario.packs.classes import read_classes
from pytest_fluxscenario.plugin.configuration.options import Options

if TYPE_CHECKING:
    from pytest_fluxscenario.runner.matchers import Match


def check_settings(config: pytest.Config, options: Options) -> None:
    """Raise pytest.UsageError for a pattern, limit or matcher that cannot be used; each stands on a line of its own."""
    make_limits(options)
    if options.mixer is None:
        make_gears(options)
    make_classes(options)
    make_fail_under(options)
    make_matchers(config, make_redactor(config, options))


def make_limits(options: Options) -> Limits:
    """The limits of documents. Raises pytest.UsageError."""
    try:
        return Limits.parse(options.limits)
    except FluxError as error:
        raise usage_error(error) from error


def make_gears(options: Options) -> GearChoice:
    """What scenarios run against. Raises pytest.UsageError."""
    asked = GearSettings(options.gear, options.gear_timeout, os.environ.get(TOKEN))
    try:
        return GearChoice(asked, read_named(options.gears, options.gear_timeout, os.environ))
    except FluxError as error:
        raise usage_error(error) from error


def make_classes(options: Options) -> tuple[str, ...] | None:
    """The scenario classes that are asked for; None for all that a profile makes possible. Raises pytest.UsageError."""
    try:
        return read_classes(options.classes, Place("fluxscenario_classes"))
    except FluxError as error:
        raise usage_error(error) from error


def make_fail_under(options: Options) -> FailUnder | None:
    """How much of each profile has to be seen; None where nothing is said. Raises pytest.UsageError."""
    if not options.coverage_fail_under:
        return None
    try:
        return FailUnder.parse(options.coverage_fail_under, Place("fluxscenario_coverage_fail_under"))
    except FluxError as error:
        raise usage_error(error) from error


def make_redactor(config: pytest.Config, options: Options) -> Redactor:
    """What takes secrets out of everything that is written or printed. Raises pytest.UsageError."""
    redactor = _redactor(options)
    extra: list[str] = []
    for patterns in _given(config, "pytest_fluxscenario_redact", redactor):
        # Text would be taken for a list of its characters. What it says is not shown: it may be a secret.
        if not _is_texts(patterns):
            hint = "give a list of regular expressions"
            raise pytest.UsageError(f"pytest_fluxscenario_redact: a plugin gives {_kind(patterns)} ({hint})")
        extra.extend(patterns)
    return _redactor(options, extra) if extra else redactor


def _redactor(options: Options, extra: Iterable[str] = ()) -> Redactor:
    try:
        return Redactor((*options.redact, *extra), options.redact_env, os.environ)
    except FluxError as error:
        raise usage_error(error) from error


def make_matchers(config: pytest.Config, redactor: Redactor) -> dict[str, Match]:
    """The matchers that plugins add, by name. Raises pytest.UsageError for one that cannot be called so."""
    matchers: dict[str, Match] = {}
    for added in _given(config, "pytest_fluxscenario_matchers", redactor):
        if not isinstance(added, Mapping):
            hint = "give functions by name, as in {'x-even': is_even}"
            raise pytest.UsageError(f"pytest_fluxscenario_matchers: a plugin gives {_kind(added)} ({hint})")
        for name, match in added.items():
            said = f"pytest_fluxscenario_matchers: '{shown(name, 80)}'"
            if not isinstance(name, str) or not name.startswith("x-"):
                raise pytest.UsageError(f"{said} is no name of a matcher (names begin with 'x-')")
            if not callable(match):
                raise pytest.UsageError(f"{said} is {_kind(match)} (give a function of argument and actual value)")
            matchers[name] = match
    return matchers


def _given(config: pytest.Config, name: str, redactor: Redactor) -> list[Any]:
    """What each plugin gives for a hook; that one raises is told with the line where it does."""
    hook: Callable[..., list[Any]] = getattr(config.hook, name)
    try:
        return hook(config=config)
    except pytest.UsageError:
        raise
    except Exception as error:  # whatever the code of a project raises
        place = _place(config, error)
        message = shown(redactor.text(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__))
        raise pytest.UsageError(f"{place}{name} raised {message}") from error


def _place(config: pytest.Config, error: Exception) -> str:
    """Where an exception was raised, as far as that is code of the project: the last line of it."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        name = os.path.relpath(file, config.rootpath)
        if not name.startswith("..") and os.path.isfile(file) and "site-packages" not in name:
            place = f"{shown(name)}:{traceback.tb_lineno}: "
        traceback = traceback.tb_next
    return place


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(isinstance(item, str) for item in value)


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return f"a {type(value).__name__} of {', '.join(sorted({type(item).__name__ for item in value})) or 'nothing'}"
    return f"a value of type {shown(type(value).__name__, 80)}"


def usage_error(error: FluxError) -> pytest.UsageError:
    """The error as pytest tells it: one argument is one line of its message."""
    return pytest.UsageError(*str(error).splitlines())
