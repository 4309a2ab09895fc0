"""Which gear the scenarios of a pack run against: what is asked for, else what the pack names, else the engine.

A pack names a gear by a word. What the word means is said by whoever runs it: a pack never starts a program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import ProfileError, UsageError
from pytest_fluxscenario.base.names import word_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.gears.port import Gear
from pytest_fluxscenario.gears.settings import ENGINE, FORMS, GearSettings
from pytest_fluxscenario.packs.pack import Pack

TOKEN: Final = "FLUXRIG_GEAR_TOKEN"


def _opened(settings: GearSettings) -> Gear | None:
    # Imported here: most sessions have none, and would pay for ways to reach it.
    from pytest_fluxscenario.gears.opening import open_gear

    return open_gear(settings)


def is_word(gear: str) -> bool:
    """Whether a setting is the name of a gear: every address has a colon."""
    return ":" not in gear and word_fault(gear) is None


def check_named(named: Mapping[str, GearSettings]) -> None:
    """Raise UsageError for a name that no gear can have, and for an address that cannot be one."""
    for name, settings in named.items():
        if name == ENGINE or (fault := word_fault(name)):
            why = "it is the built-in one" if name == ENGINE else fault
            raise UsageError.of("gear.name", Place(""), f"'{shown(name, 80)}' cannot name a gear", str(why))
        if is_word(settings.gear) or _opened(settings) is None:
            message = f"the gear '{name}' has no address"
            raise UsageError.of("gear.setting", Place(""), message, f"write {FORMS}")


def read_named(lines: Iterable[str], timeout: float, environ: Mapping[str, str]) -> dict[str, GearSettings]:
    """The gears of ``fluxscenario_gears``: lines of ``NAME = ADDRESS``. Raises UsageError.

    The token of the gear ``release-control`` is taken from FLUXRIG_GEAR_TOKEN_RELEASE_CONTROL, and sent to it alone.
    """
    named: dict[str, GearSettings] = {}
    for line in lines:
        name, equals, address = (part.strip() for part in line.partition("="))
        if not equals or name in named:
            message = f"names '{shown(name, 80)}' twice" if equals else f"'{shown(line, 80)}' names no gear"
            hint = f"write NAME = ADDRESS, where ADDRESS is {FORMS}"
            raise UsageError.of("gear.setting", Place("fluxscenario_gears"), message, hint)
        token = environ.get(f"{TOKEN}_{name.upper().replace('-', '_')}")
        named[name] = GearSettings(address, timeout, token, name)
    check_named(named)
    return named


@dataclass
class Offered:
    """Gears by their names, each opened when it is first asked for."""

    named: Mapping[str, GearSettings] = field(default_factory=dict)
    _open: dict[str, Gear] = field(default_factory=dict)

    def get(self, name: str) -> Gear | None:
        """The gear of that name; None for the built-in engine. Raises UsageError where there is none."""
        if name == ENGINE:
            return None
        gear = self._open.get(name)
        if gear is None:
            settings = self.named.get(name)
            gear = None if settings is None else _opened(settings)
            if gear is None:
                known = ", ".join((ENGINE, *map(shown, sorted(self.named))))
                message = f"there is no gear '{shown(name, 80)}' here"
                raise UsageError.of("gear.unknown", Place(""), message, f"known: {known}")
            self._open[name] = gear
        return gear

    def afresh(self) -> None:
        """End programs and connections; each is begun anew when it is asked next."""
        for gear in self._open.values():
            gear.close()

    def close(self) -> None:
        """Let go of all that were opened."""
        while self._open:
            self._open.popitem()[1].close()


class GearChoice:
    """The gears of a session, by what it is asked for and by what its packs name."""

    def __init__(self, asked: GearSettings, named: Mapping[str, GearSettings]) -> None:
        """Raises UsageError where ``asked`` is neither an address nor the name of a gear that there is."""
        self._asked, self._offered = asked.gear, Offered(named)
        self._one: Gear | None = None
        if is_word(asked.gear):
            if asked.gear not in (ENGINE, *named):
                raise _no_such(asked.gear, named)
        elif asked.gear:
            self._one = _opened(asked)

    def of(self, pack: Pack) -> Gear | None:
        """What the scenarios of a pack run against. Raises ProfileError where it names what nothing here is called."""
        if self._one is not None:
            return self._one
        try:
            return self._offered.get(name_for(self._asked, pack))
        except UsageError:
            name, where = shown(pack.manifest.gear, 80), shown(pack.where)
            message = f"the pack names the gear '{name}', and nothing here is called so"
            hint = f"say what it is: fluxscenario_gears = {name} = ADDRESS; --fluxscenario-gear engine asks the engine"
            raise ProfileError.of("gear.unknown", Place(where), message, hint) from None

    def close(self) -> None:
        """Let go of all of them."""
        self._offered.close()
        if self._one is not None:
            self._one.close()


def name_for(asked: str, pack: Pack) -> str:
    """What is asked for, else what a pack names, else the engine."""
    return asked or pack.manifest.gear or ENGINE


def _no_such(name: str, named: Mapping[str, GearSettings]) -> UsageError:
    message = f"the gear '{shown(name, 80)}' names no gear"
    known = did_you_mean(name, (ENGINE, *named)) if named else ""
    hint = known or f"write {FORMS}; a name is one of fluxscenario_gears, or one that the racks of a Mixer offer"
    return UsageError.of("gear.setting", Place(""), message, hint)
