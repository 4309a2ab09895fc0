"""``configs/rack.yaml``: what a rack is called, what it offers, and where its Mixer is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.names import name_fault
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.configuration import read_config
from pytest_fluxscenario.fleet.messages.message import MOST_GEARS
from pytest_fluxscenario.fleet.snake.access import url_fault
from pytest_fluxscenario.fleet.snake.permissions import rack_name_fault
from pytest_fluxscenario.gears.choosing import check_named
from pytest_fluxscenario.gears.settings import ENGINE, FORMS, GearSettings
from pytest_fluxscenario.packs.document import PackDocument

_MOST_SLOTS: Final = 256
_DAY: Final = 86_400


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


class GearConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A gear that the rack offers."""

    #: As ``--fluxscenario-gear`` takes it; only the rack knows it, others know the gear by its name.
    address: str
    #: Seconds for one answer.
    timeout: float = 30.0
    #: The variable of this machine that holds the bearer token of a server; empty for none.
    token_env: str = ""


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
    #: What it runs scenarios against: names, or names with where each gear is.
    gears: tuple[str, ...] | dict[str, str | GearConfig | None] = (ENGINE,)
    snake: LinkConfig = LinkConfig()
    #: Environment variables that hooks of packs may see here.
    hook_env: tuple[str, ...] = ()
    #: Environment variables whose values no record may hold.
    redact_env: tuple[str, ...] = ()
    #: Seconds that a scenario may take.
    scenario_seconds: float = 600.0
    #: Seconds that scenarios which are under way are given when the rack is told to end.
    drain_seconds: float = 30.0
    #: Days after which content goes that was not used.
    content_days: float = 30.0
    #: Bytes of content that are kept: what was not used for longest goes first.
    content_bytes: int = 4 << 30

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of its gears."""
        return tuple(self.gears)

    def gear_settings(self, environ: Mapping[str, str]) -> dict[str, GearSettings]:
        """How each gear but the engine is reached from here."""
        found: dict[str, GearSettings] = {}
        for name, gear in self.gears.items() if isinstance(self.gears, dict) else ():
            if name == ENGINE or gear is None:
                continue
            if isinstance(gear, str):
                found[name] = GearSettings(gear, name=name)
            else:
                token = environ.get(gear.token_env) if gear.token_env else None
                found[name] = GearSettings(gear.address, gear.timeout, token, name)
        return found

    @property
    def secrets(self) -> tuple[str, ...]:
        """The variables whose values no record may hold: tokens of gears are among them."""
        gears = self.gears.values() if isinstance(self.gears, dict) else ()
        tokens = [gear.token_env for gear in gears if isinstance(gear, GearConfig) and gear.token_env]
        return tuple(dict.fromkeys((*self.redact_env, *tokens)))


def read_rack_config(path: str) -> RackConfig:
    """The configuration in the file ``path``. Raises DocumentError and UsageError with everything that is wrong."""
    config, document = read_config(path, RackConfig)
    problems = Problems()
    _check(config, document, problems)
    if problems.found:
        raise UsageError(problems.found)
    return config


def _check_gears(config: RackConfig, document: PackDocument, problems: Problems) -> None:
    if isinstance(config.gears, tuple):
        if len(set(config.gears)) != len(config.gears):
            problems.add("config.value", document.at(("gears",)), "a gear stands there twice", "name it once")
        for at, name in enumerate(config.gears):
            if name != ENGINE:
                message = f"there is no gear '{shown(name, 80)}'"
                hint = f"in a list: {ENGINE}; another one is written with its address, NAME: ADDRESS"
                problems.add("config.value", document.at(("gears", at)), message, hint)
        return
    if len(config.gears) > MOST_GEARS:
        message = f"{len(config.gears)} gears are too many"
        problems.add("config.value", document.at(("gears",)), message, f"at most {MOST_GEARS}")
    for name, gear in config.gears.items():
        place = document.at(("gears", name))
        if name == ENGINE and gear is not None:
            message = f"'{ENGINE}' is the built-in engine, and has no address"
            problems.add("config.value", place, message, f"write '{ENGINE}:' alone, and give the gear another name")
        elif name != ENGINE and gear is None:
            message = f"the gear '{shown(name, 80)}' has no address"
            problems.add("config.value", place, message, f"write {FORMS}")
        elif isinstance(gear, GearConfig) and not 0 < gear.timeout <= _DAY:
            problems.add("config.value", place, f"timeout: {gear.timeout:g} is out of bounds", f"up to {_DAY} seconds")
    for name, settings in config.gear_settings({}).items():
        try:
            check_named({name: settings})
        except UsageError as error:
            problem = error.problems[0]
            problems.add("config.value", document.at(("gears", name)), problem.message, problem.hint)


def _check(config: RackConfig, document: PackDocument, problems: Problems) -> None:
    if fault := rack_name_fault(config.name):
        problems.add("config.value", document.at(("name",)), f"'{shown(config.name, 80)}' cannot name a rack", fault)
    for at, pool in enumerate(config.pools):
        fault = name_fault(pool) or ("a name here has no dot" if "." in pool else None)
        if fault:
            problems.add("config.value", document.at(("pools", at)), f"'{shown(pool, 80)}' cannot name a pool", fault)
    _check_gears(config, document, problems)
    for name in ("pools", "gears"):
        if not getattr(config, name):
            problems.add("config.value", document.at((name,)), "the list is empty", "leave it out for the default")
    _check_link(config.snake, document, problems)
    numbers = (
        ("slots", 1, _MOST_SLOTS),
        ("scenario_seconds", 1, 86_400),
        ("drain_seconds", 0, 86_400),
        ("content_days", 0.01, 36_500),
        ("content_bytes", 1 << 20, 1 << 50),
    )
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
