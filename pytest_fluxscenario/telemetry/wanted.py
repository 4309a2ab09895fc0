"""What the environment asks to be exported, by the variables that every OpenTelemetry SDK reads.

Nothing of OpenTelemetry is imported to find that out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.telemetry.trace import PARENT_VARIABLE, traceparent

Choice = Literal["", "on", "off"]
#: What can be said on a command line or in an ini file.
CHOICES: Final = ("on", "off")
SIGNALS: Final = ("traces", "metrics", "logs")
#: Exporters that a variable may name; ``none`` is no exporter.
EXPORTERS: Final = ("otlp", "console", "none")
_PROTOCOL: Final = "http/protobuf"
INSTALL: Final = "pip install 'pytest-fluxscenario[otel]'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exporters each signal goes to; empty for none."""

    traces: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    #: The ``traceparent`` that everything of this process belongs to; empty for a trace of its own.
    parent: str = ""
    #: What of the variables cannot be done, for people.
    faults: tuple[str, ...] = ()
    #: Somebody asked for it by name, and not a variable that may be meant for others.
    named: bool = False

    @property
    def signals(self) -> dict[str, tuple[str, ...]]:
        """By the name of the signal."""
        return {"traces": self.traces, "metrics": self.metrics, "logs": self.logs}


def read_wanted(environ: Mapping[str, str], choice: Choice = "") -> Wanted | None:
    """What is asked for; None where that is nothing.

    ``on`` exports to where OTLP is taken by default, unless the variables say otherwise; ``off`` goes before them.
    """
    if choice == "off" or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    faults: list[str] = []
    found = {signal: _exporters(environ, signal.upper(), choice == "on", faults) for signal in SIGNALS}
    if not any(found.values()) and not faults:
        return None
    parent = traceparent(environ.get(PARENT_VARIABLE, ""))
    return Wanted(**found, parent=parent, faults=tuple(dict.fromkeys(faults)), named=choice == "on")


def is_installed() -> bool:
    """Whether the extra is there; only looked for, not imported."""
    from importlib.util import find_spec

    try:
        return all(find_spec(name) is not None for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto"))
    except (ImportError, ValueError):
        return False


def check_choice(wanted: Wanted | None, where: str) -> None:
    """Raise UsageError for what was asked for by name, and cannot be had."""
    if wanted is None or not wanted.named:
        return
    if not is_installed():
        message = "telemetry was asked for, and OpenTelemetry is not installed"
        raise UsageError.of("otel.extra", Place(where), message, INSTALL)
    if not any(wanted.signals.values()):
        message = f"telemetry was asked for, and nothing can be exported: {'; '.join(wanted.faults)}"
        raise UsageError.of("otel.exporter", Place(where), message, "see docs/telemetry.md")


def _exporters(environ: Mapping[str, str], signal: str, asked: bool, faults: list[str]) -> tuple[str, ...]:
    variable = f"OTEL_{signal}_EXPORTER"
    text = environ.get(variable, "").strip()
    if text:
        names = [name.strip() for name in text.split(",") if name.strip()]
    else:
        endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        names = ["otlp"] if asked or any(environ.get(name, "").strip() for name in endpoints) else []
    known_here = ", ".join(EXPORTERS)
    faults += [
        f"{variable} is '{shown(one, 80)}', and known here are {known_here}" for one in names if one not in EXPORTERS
    ]
    known = [name for name in dict.fromkeys(names) if name in EXPORTERS and name != "none"]
    if "otlp" in known and not _is_known_protocol(environ, signal, faults):
        known.remove("otlp")
    return tuple(known)


def _is_known_protocol(environ: Mapping[str, str], signal: str, faults: list[str]) -> bool:
    for variable in (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        protocol = environ.get(variable, "").strip()
        if protocol == _PROTOCOL:
            return True
        if protocol:
            faults.append(f"{variable} is '{shown(protocol, 80)}', and known here is {_PROTOCOL}")
            return False
    return True
