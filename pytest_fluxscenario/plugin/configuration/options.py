"""What the command line and the ini file ask for, read in this one place (cli.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

import pytest

from pytest_fluxscenario.base.number import read_number, read_seconds

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.wanted import Wanted

_OFF = "off"
_FOLDER_OPTIONS = ("--fluxscenario-store", "--fluxscenario-evidence", "--fluxscenario-html")
#: The hooks that set something for the whole session.
_SETTING_HOOKS = ("pytest_fluxscenario_redact", "pytest_fluxscenario_matchers")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and the ini file ask for."""

    #: The store's folder; None leaves it to be found.
    store: str | None
    #: The evidence folder, absolute; None where none is written.
    evidence: str | None
    #: What is run by ref; empty for what was run last, None where nothing is asked for.
    ref: str | None
    strict: bool
    on_failure: Literal["continue", "stop"]
    #: Patterns that replace the rule for what a scenario file is.
    files: tuple[str, ...]
    redact: tuple[str, ...]
    redact_env: tuple[str, ...]
    limits: tuple[str, ...]
    #: Environment variables that hooks of packs may see.
    hook_env: tuple[str, ...] = ()
    #: What scenarios run against, as it is written; empty for the built-in engine.
    gear: str = ""
    #: What gears are called, as ``NAME = ADDRESS``.
    gears: tuple[str, ...] = ()
    #: Seconds for one of its answers.
    gear_timeout: float = 30.0
    #: Try mutants of the packs whose scenarios have passed, and the least score of each in percent.
    mutate: bool = False
    mutate_fail_under: float = 100
    #: Scenario classes that are asked for, as they are written; empty for all that a profile makes possible.
    classes: tuple[str, ...] = ()
    #: The page of the session, absolute; None where none is written.
    html: str | None = None
    #: Whether somebody named the evidence folder, or the JUnit file that it lies beside.
    evidence_named: bool = False
    #: Tell what of each profile was seen.
    coverage: bool = False
    #: How much of it has to be, as it is written; empty for nothing.
    coverage_fail_under: str = ""
    #: The address of the Mixer whose racks run the scenarios; None where they run here.
    mixer: str | None = None
    #: Seconds for which a session waits for a rack, and for a Mixer that is started again.
    mixer_wait: str = ""
    #: What is exported by OpenTelemetry; None for nothing.
    otel: Wanted | None = None


#: What was asked for.
OPTIONS: pytest.StashKey[Options] = pytest.StashKey()


def read_options(config: pytest.Config) -> Options:
    """What was asked for; the command line before the ini file. Raises pytest.UsageError for what cannot be used."""
    _check_root(config)
    evidence, gear = _evidence(config), _gear(config)
    strict, coverage = config.getoption("fluxscenario_strict"), config.getoption("fluxscenario_coverage")
    return Options(
        store=_store(config),
        evidence=evidence,
        ref=_ref(config),
        strict=bool(config.getini("fluxscenario_strict") if strict is None else strict),
        on_failure=_on_failure(config),
        files=tuple(config.getini("fluxscenario_files")),
        redact=tuple(config.getini("fluxscenario_redact")),
        redact_env=tuple(config.getini("fluxscenario_redact_env")),
        limits=tuple(config.getini("fluxscenario_limits")),
        hook_env=tuple(config.getini("fluxscenario_hook_env")),
        gear=gear,
        gears=tuple(config.getini("fluxscenario_gears")),
        gear_timeout=_seconds(config, "fluxscenario_gear_timeout"),
        mutate=_mutate(config),
        mutate_fail_under=_mutate_fail_under(config),
        classes=tuple(config.getini("fluxscenario_classes")),
        html=_html(config, evidence),
        evidence_named=evidence not in (None, _usual_evidence(config)),
        coverage=bool(config.getini("fluxscenario_coverage") if coverage is None else coverage),
        coverage_fail_under=_coverage_fail_under(config),
        mixer=_mixer(config, gear),
        mixer_wait=str(config.getini("fluxscenario_mixer_wait")),
        otel=_otel(config),
    )


def _on_failure(config: pytest.Config) -> Literal["continue", "stop"]:
    choice = config.getoption("fluxscenario_on_failure") or config.getini("fluxscenario_on_failure")
    if choice not in ("continue", "stop"):
        from pytest_fluxscenario.base.text import shown

        raise pytest.UsageError(f"fluxscenario_on_failure is '{shown(choice, 80)}'; it can be 'continue' or 'stop'")
    return cast("Literal['continue', 'stop']", choice)


def _html(config: pytest.Config, evidence: str | None) -> str | None:
    """The page of the session, which is made of its evidence."""
    html = _folder(config, "fluxscenario_html")
    if html is not None and evidence is None and config.getoption("fluxscenario_html"):
        raise pytest.UsageError("--fluxscenario-html is made of evidence, which is off (leave one of the options out)")
    return None if evidence is None else html


def _coverage_fail_under(config: pytest.Config) -> str:
    given: str | None = config.getoption("fluxscenario_coverage_fail_under")
    if given is not None and not given.strip():
        # Such as from a variable that is not set: it must not pass for a number that was reached.
        raise pytest.UsageError("--fluxscenario-coverage-fail-under is empty (0 asks for nothing)")
    return str(config.getini("fluxscenario_coverage_fail_under") if given is None else given).strip()


def _otel(config: pytest.Config) -> Wanted | None:
    """What the command line, the ini file and the OTEL_* variables ask to be exported. Raises pytest.UsageError."""
    choice = config.getoption("fluxscenario_otel") or str(config.getini("fluxscenario_otel")).strip()
    if config.option.collectonly or not (choice or any(name.startswith("OTEL_") for name in os.environ)):
        return None
    from pytest_fluxscenario.plugin.configuration.otel import wanted_otel

    return wanted_otel(choice)


def _gear(config: pytest.Config) -> str:
    given: str | None = config.getoption("fluxscenario_gear")
    if given is not None and not given.strip():
        # As below: the verdicts of the engine would be taken for those of another.
        raise pytest.UsageError("--fluxscenario-gear is empty (engine asks the built-in engine)")
    return str(given or config.getini("fluxscenario_gear"))


def _mixer(config: pytest.Config, gear: str) -> str | None:
    given: str | None = config.getoption("fluxscenario_mixer")
    if given is not None and not given.strip():
        # Such as from a variable that is not set: nobody would see that the scenarios ran here.
        raise pytest.UsageError("--fluxscenario-mixer is empty (off runs the scenarios here)")
    named = str(given or config.getini("fluxscenario_mixer"))
    if named in ("", _OFF):
        return None
    if ":" in gear:
        # It would be reached from here, and racks are elsewhere: their verdicts would be told as this gear's.
        raise pytest.UsageError(
            "the gear is an address and a Mixer was named: an address is asked from here, and racks offer gears by"
            " name (--fluxscenario-gear NAME, see: fluxrig rack list; or leave the Mixer out)"
        )
    return named


def _seconds(config: pytest.Config, key: str) -> float:
    text = str(config.getini(key))
    value = read_seconds(text)
    if value is None:
        from pytest_fluxscenario.base.text import shown

        raise pytest.UsageError(f"{key} is '{shown(text, 80)}'; it is a number of seconds, such as 30")
    return value


def _mutate(config: pytest.Config) -> bool:
    """Whether mutants are tried: as with coverage, a score that is asked for is looked at."""
    if config.getoption("fluxscenario_mutate_fail_under") is not None:
        return True
    given = config.getoption("fluxscenario_mutate")
    return bool(config.getini("fluxscenario_mutate") if given is None else given)


def _mutate_fail_under(config: pytest.Config) -> float:
    """A share in percent. Raises pytest.UsageError for anything else."""
    given = config.getoption("fluxscenario_mutate_fail_under")
    said = config.getini("fluxscenario_mutate_fail_under") if given is None else given
    percent = read_number(said, 0, 100)
    if percent is None:
        from pytest_fluxscenario.base.text import shown

        name = "fluxscenario_mutate_fail_under" if given is None else "--fluxscenario-mutate-fail-under"
        raise pytest.UsageError(f"{name} is '{shown(said, 80)}'; it can be a number from 0 to 100")
    return percent


def _check_root(config: pytest.Config) -> None:
    """Raise pytest.UsageError where a folder that stands apart from its option has moved the root.

    pytest seeks the root before it knows the options of plugins: it takes ``--option DIR`` for a path of tests where
    DIR exists. Node ids would then be others from the second run on, and an ini file that redacts would not be read.
    """
    params = config.invocation_params
    if config.inipath is not None or config.rootpath == params.dir:
        return
    for option, value in pairwise(params.args):
        if option not in _FOLDER_OPTIONS:
            continue
        folder = os.path.realpath(os.path.join(str(params.dir), value))
        if os.path.exists(folder) and not os.path.join(folder, "").startswith(os.path.join(str(params.dir), "")):
            from pytest_fluxscenario.base.text import shown

            hint = f"write {option}={shown(str(value))}"
            raise pytest.UsageError(f"{option}: pytest takes a folder that stands apart for a path of tests ({hint})")


def is_anything_set(config: pytest.Config) -> bool:
    """Whether the ini file or a plugin sets something that ``read_options`` does not look at, and may be unusable."""
    options, hooks = config.stash[OPTIONS], config.pluginmanager.hook
    return bool(
        options.redact
        or options.redact_env
        or options.limits
        or options.classes
        or options.gear
        or options.gears
        or options.coverage_fail_under
        or any(getattr(hooks, name).get_hookimpls() for name in _SETTING_HOOKS)
    )


def _folder(config: pytest.Config, name: str) -> str | None:
    """A folder: the command line's is relative to where pytest was started, the ini file's to the root."""
    given = config.getoption(name)
    if given:
        return os.path.join(str(config.invocation_params.dir), given)
    configured = config.getini(name)
    return os.path.join(str(config.rootpath), configured) if configured else None


def _store(config: pytest.Config) -> str | None:
    """The store that is named: on the command line, by FLUXRIG_STORE, else in the ini file."""
    named = os.environ.get("FLUXRIG_STORE")
    if named and not config.getoption("fluxscenario_store"):
        return os.path.join(str(config.invocation_params.dir), named)
    return _folder(config, "fluxscenario_store")


def _ref(config: pytest.Config) -> str | None:
    """The ref, or the path: of the command line relative to where pytest was started, of the ini file to the root."""
    given = config.getoption("fluxscenario_ref")
    if given is None and config.args_source is not pytest.Config.ArgsSource.ARGS:
        # Left empty in the ini file it asks for nothing, as any other key.
        given = config.getini("fluxscenario_ref") or None
        if given is not None and "/" in given:
            return os.path.join(str(config.rootpath), given)
    return str(given) if given is not None else None


def _evidence(config: pytest.Config) -> str | None:
    if _OFF in (config.getoption("fluxscenario_evidence"), config.getini("fluxscenario_evidence")):
        # The command line can switch on what the ini file switches off.
        given = config.getoption("fluxscenario_evidence")
        if not given or given == _OFF:
            return None
    folder = _folder(config, "fluxscenario_evidence")
    if folder:
        return folder
    junit = config.getoption("xmlpath", None)
    if junit:
        beside = os.path.dirname(
            os.path.join(str(config.invocation_params.dir), os.path.expanduser(os.path.expandvars(junit)))
        )
        return os.path.join(beside, "evidence")
    return _usual_evidence(config)


def _usual_evidence(config: pytest.Config) -> str:
    """The folder where none is named."""
    return os.path.join(str(config.rootpath), ".fluxscenario", "evidence")
