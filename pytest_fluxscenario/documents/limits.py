"""How large a document may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown

_SETTING = "fluxscenario_limits"

#: Whoever walks a document may recurse; this depth fits the smallest stack that threads are given.
DEPTH_MOST = 256
#: Digits that a setting may have: enough for a terabyte.
_DIGITS_MOST = 12


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold for every file that is read; reaching one is allowed, passing it is an error."""

    #: Bytes of the file.
    file_bytes: int = 1 << 20
    #: Lists and mappings inside one another.
    depth: int = 64
    #: Values of the file: scalars, lists and mappings; keys are not counted.
    nodes: int = 100_000
    #: Bytes of UTF-8 of one string, key or number.
    scalar_bytes: int = 256 << 10

    @classmethod
    def parse(cls, settings: Iterable[str]) -> Limits:
        """The defaults, changed by settings such as ``depth=32`` (ini option ``fluxscenario_limits``).

        Raises UsageError with every setting that is unknown, given twice, or not a positive integer.
        """
        known = [field.name for field in fields(cls)]
        problems = Problems()
        values: dict[str, int] = {}
        place = Place(_SETTING)
        for setting in settings:
            name, equals, number = (part.strip() for part in setting.partition("="))
            if not equals:
                problems.add("usage.limit", place, f"'{shown(setting)}' is not a limit", "write name=number")
            elif name not in known:
                problems.add("usage.limit", place, f"no limit is named '{shown(name)}'", did_you_mean(name, known))
            elif name in values:
                problems.add("usage.limit", place, f"the limit {name} is given twice")
            elif not (number.isascii() and number.isdigit() and len(number) <= _DIGITS_MOST and int(number) > 0):
                hint = "write it in digits, from 1 up, without a unit"
                problems.add("usage.limit", place, f"'{shown(number)}' is not a number for the limit {name}", hint)
            elif name == "depth" and int(number) > DEPTH_MOST:
                problems.add("usage.limit", place, f"the limit depth is at most {DEPTH_MOST}, not {int(number)}")
            else:
                values[name] = int(number)
        if problems.found:
            raise UsageError(problems)
        return cls(**values)
