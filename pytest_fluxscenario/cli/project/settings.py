"""What a run is asked to do: the command line first, then the ini keys that pytest would read (cli.md)."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from typing import Any

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.number import read_seconds
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.project.ini import Ini
from pytest_fluxscenario.evidence.coverage_score import FailUnder
from pytest_fluxscenario.gears.settings import GearSettings
from pytest_fluxscenario.packs.classes import read_classes
from pytest_fluxscenario.telemetry.wanted import CHOICES

OFF = "off"
#: Pytest's own default of ``norecursedirs``.
_NO_RECURSE = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
_YES, _NO = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; None and empty where it says nothing."""

    store: str | None = None
    evidence: str | None = None
    strict: bool = False
    on_failure: str | None = None
    redact: tuple[str, ...] = ()
    redact_env: tuple[str, ...] = ()
    coverage: bool = False
    #: As it is written; None where nothing is.
    coverage_fail_under: str | None = None
    gear: str = ""
    otel: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How scenarios are found and run."""

    root: str
    #: The store's folder; None leaves it to be found.
    store: str | None
    #: The evidence folder; None where none is written.
    evidence: str | None
    strict: bool
    stop_at_first: bool
    #: A scenario that passes against its mark xfail has failed.
    strict_xfail: bool
    #: Patterns that replace the rule for what a scenario file is.
    files: tuple[str, ...]
    #: Folders that are not looked into.
    no_recurse: tuple[str, ...]
    redact: tuple[str, ...]
    redact_env: tuple[str, ...]
    limits: tuple[str, ...]
    #: Environment variables that hooks of packs may see.
    hook_env: tuple[str, ...] = ()
    #: What scenarios run against.
    gear: GearSettings = field(default_factory=GearSettings)
    #: What gears are called, as ``NAME = ADDRESS``.
    gears: tuple[str, ...] = ()
    #: Scenario classes that are asked for; None for all that a profile makes possible.
    classes: tuple[str, ...] | None = None
    #: Tell what of each profile was seen.
    coverage: bool = False
    #: How much of it has to be.
    fail_under: FailUnder | None = None
    #: Whether runs are exported by OpenTelemetry: ``on``, ``off``, or empty for what its variables say.
    otel: str = ""


def make_settings(ini: Ini, asked: Asked, start: str) -> Settings:
    """The settings of a command that was started in ``start``. Raises UsageError for an unusable ini value."""
    read = _Reader(ini)
    on_failure = asked.on_failure or read.text("fluxscenario_on_failure") or "continue"
    if on_failure not in ("continue", "stop"):
        raise read.unusable("fluxscenario_on_failure", "it can be 'continue' or 'stop'")
    return Settings(
        root=ini.root,
        store=_folder(asked.store or os.environ.get("FLUXRIG_STORE"), read.text("fluxscenario_store"), ini.root, start),
        evidence=_evidence(asked.evidence, read.text("fluxscenario_evidence"), ini.root, start),
        strict=asked.strict or read.flag("fluxscenario_strict"),
        stop_at_first=on_failure == "stop",
        strict_xfail=read.flag("strict_xfail", "xfail_strict", "strict"),
        files=read.words("fluxscenario_files"),
        no_recurse=read.words("norecursedirs", _NO_RECURSE),
        redact=(*read.lines("fluxscenario_redact"), *asked.redact),
        redact_env=(*read.words("fluxscenario_redact_env"), *asked.redact_env),
        limits=read.words("fluxscenario_limits"),
        hook_env=read.words("fluxscenario_hook_env"),
        gear=GearSettings(
            asked.gear or read.text("fluxscenario_gear"),
            read.seconds("fluxscenario_gear_timeout", 30.0),
            os.environ.get("FLUXRIG_GEAR_TOKEN"),
        ),
        gears=read.lines("fluxscenario_gears"),
        classes=read_classes(read.words("fluxscenario_classes"), Place(shown(ini.file))),
        coverage=asked.coverage or read.flag("fluxscenario_coverage"),
        fail_under=_fail_under(asked.coverage_fail_under, read.text("fluxscenario_coverage_fail_under"), ini.file),
        otel=_otel(asked.otel, read),
    )


def _otel(given: str | None, read: _Reader) -> str:
    choice = given or read.text("fluxscenario_otel").strip()
    if choice not in ("", *CHOICES):
        raise read.unusable("fluxscenario_otel", "it can be 'on' or 'off'")
    return choice


def _fail_under(given: str | None, configured: str, file: str) -> FailUnder | None:
    text = (configured if given is None else given).strip()
    place = Place(shown(file) if given is None else "--coverage-fail-under")
    # Empty is unset in an ini file only: as an option it is a variable that nobody has set.
    return FailUnder.parse(text, place) if text or given is not None else None


def _folder(given: str | None, configured: str, root: str, start: str) -> str | None:
    if given:
        return os.path.join(start, given)
    return os.path.join(root, configured) if configured else None


def _evidence(given: str | None, configured: str, root: str, start: str) -> str | None:
    if given == OFF or (not given and configured == OFF):
        return None
    return _folder(given, configured, root, start) or os.path.join(root, ".fluxscenario", "evidence")


class _Reader:
    """Reads values as pytest does: text from ini files, lists and booleans from TOML."""

    def __init__(self, ini: Ini) -> None:
        self._ini = ini

    def unusable(self, key: str, hint: str) -> FluxError:
        message = f"{key} is {shown(self._ini.values.get(key), 80)!r}"
        return UsageError.of("ini.value", Place(shown(self._ini.file)), message, hint)

    def text(self, key: str) -> str:
        value = self._ini.values.get(key, "")
        if not isinstance(value, str):
            raise self.unusable(key, "write it as a string")
        return value

    def seconds(self, key: str, default: float) -> float:
        value = self._ini.values.get(key, default)
        number = read_seconds(value)
        if number is None:
            raise self.unusable(key, "write a number of seconds, such as 30")
        return number

    def flag(self, *keys: str) -> bool:
        """The first of these that is set."""
        key = next((key for key in keys if key in self._ini.values), None)
        word = str(self._ini.values[key]).strip().lower() if key is not None else "no"
        if word not in _YES + _NO:
            raise self.unusable(str(key), "write true or false")
        return word in _YES

    def words(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        if key not in self._ini.values:
            return default
        value = self._ini.values[key]
        try:
            return self._listed(key, shlex.split(value) if isinstance(value, str) else value)
        except ValueError as error:
            raise self.unusable(key, f"quotes do not match: {error}") from error

    def lines(self, key: str) -> tuple[str, ...]:
        value = self._ini.values.get(key, "")
        lines = [line.strip() for line in value.split("\n")] if isinstance(value, str) else value
        return tuple(line for line in self._listed(key, lines) if line)

    def _listed(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.unusable(key, "write it as a list of strings")
        return tuple(value)
