"""Begins telemetry where it is wanted and can be had; it is never the reason why something else fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.telemetry.wanted import INSTALL, Wanted, is_installed

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of it."""

    #: None where nothing is exported.
    telemetry: Telemetry | None = None
    #: What of it cannot be done, for people.
    faults: tuple[str, ...] = ()
    #: The extra is not installed: whoever set the variables for all programs may not mean this one.
    missing: str = ""


def open_telemetry(
    wanted: Wanted | None,
    service: str,
    version: str,
    say: Callable[[str], None] | None = None,
    more: Mapping[str, str] | None = None,
) -> Opened:
    """The telemetry of this process, called ``service`` unless a variable says otherwise; raises nothing.

    ``say`` is told when delivering begins to fail, and when it is well again; ``more`` is true of all that it exports.
    """
    if wanted is None:
        return Opened()
    if not is_installed():
        return Opened(missing=f"OpenTelemetry is asked for by the environment, and is not installed ({INSTALL})")
    if not any(wanted.signals.values()):
        return Opened(faults=wanted.faults)
    try:
        from pytest_fluxscenario.telemetry.provider import Telemetry

        return Opened(Telemetry(wanted, service, version, say, more or {}), wanted.faults)
    except Exception as error:  # noqa: BLE001 - whatever the libraries make of variables, verdicts do not hang on it
        said = f"telemetry cannot begin: {type(error).__name__}: {shown(error)}"
        return Opened(faults=(*wanted.faults, said))
