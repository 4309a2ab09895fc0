"""``configs/rack.yaml``: what a rack is called, what it offers, and where its Mixer is."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.names import name_fault
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.access import url_fault
from pytest_fluxscenario.fleet.config import read_config
from pytest_fluxscenario.fleet.permissions import rack_name_fault
from pytest_fluxscenario.packs.document import PackDocument

#: What this version runs scenarios against.
GEARS: Final = ("engine",)
_MOST_SLOTS: Final = 256


class LinkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the Mixer's NATS is."""

    #: ``nats://host:port``, or ``tls://host:port``; several of one cluster with commas between them.
    url: str = "nats://127.0.0.1:4222"
    #: File with the key for joining, which the Mixer has made; empty for a cluster that lets in whoever has an account.
    joining: str = ""
    #: File with the certificates of who has signed the server's; empty for those of the system.
    ca: str = ""
    #: Files with the certificate that the rack shows, and its key; empty where the server asks for none.
    cert: str = ""
    key: str = ""
    #: File that says who connects to a cluster of others; empty for the rack's own key, ``rack.nk`` below ``data``.
    credentials: str = ""


class RackConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. Paths are relative to where the rack is started."""

    name: str
    #: For its key, its passport and the content that it was given.
    data: str = "data/rack"
    #: Anything that people want to know of it.
    labels: dict[str, str] = {}
    #: Scenarios that run at a time.
    slots: int = 1
    pools: tuple[str, ...] = ("default",)
    gears: tuple[str, ...] = GEARS
    snake: LinkConfig = LinkConfig()
    #: Environment variables that hooks of packs may see here.
    hook_env: tuple[str, ...] = ()
    #: Environment variables whose values no record may hold.
    redact_env: tuple[str, ...] = ()
    #: Seconds that a scenario may take.
    scenario_seconds: float = 600.0
    #: Seconds that scenarios which are under way are given when the rack is told to end.
    drain_seconds: float = 30.0


def read_rack_config(path: str) -> RackConfig:
    """The configuration in the file ``path``. Raises DocumentError and UsageError with everything that is wrong."""
    config, document = read_config(path, RackConfig)
    problems = Problems()
    _check(config, document, problems)
    if problems.found:
        raise UsageError(problems.found)
    return config


def _check(config: RackConfig, document: PackDocument, problems: Problems) -> None:
    if fault := rack_name_fault(config.name):
        problems.add("config.value", document.at(("name",)), f"'{shown(config.name, 80)}' cannot name a rack", fault)
    for at, pool in enumerate(config.pools):
        fault = name_fault(pool) or ("a name here has no dot" if "." in pool else None)
        if fault:
            problems.add("config.value", document.at(("pools", at)), f"'{shown(pool, 80)}' cannot name a pool", fault)
    for at, gear in enumerate(config.gears):
        if gear not in GEARS:
            message = f"there is no gear '{shown(gear, 80)}'"
            problems.add("config.value", document.at(("gears", at)), message, f"known: {', '.join(GEARS)}")
    for name in ("pools", "gears"):
        if not getattr(config, name):
            problems.add("config.value", document.at((name,)), "the list is empty", "leave it out for the default")
    _check_link(config.snake, document, problems)
    numbers = (("slots", 1, _MOST_SLOTS), ("scenario_seconds", 1, 86_400), ("drain_seconds", 0, 86_400))
    for name, least, most in numbers:
        number = getattr(config, name)
        if not least <= number <= most:
            hint = f"from {least} to {most}"
            problems.add("config.value", document.at((name,)), f"{name}: {number:g} is out of bounds", hint)


def _check_link(snake: LinkConfig, document: PackDocument, problems: Problems) -> None:
    if (wrong := url_fault(snake.url)) is not None:
        problems.add("config.value", document.at(("snake", "url")), *wrong)
    if bool(snake.cert) != bool(snake.key):
        message = "a certificate needs its key, and a key its certificate"
        problems.add("config.value", document.at(("snake",)), message, "give cert and key")
    if snake.joining and snake.credentials:
        message = "a rack has a key for joining, or credentials of its own"
        problems.add("config.value", document.at(("snake", "credentials")), message, "leave one of them out")
