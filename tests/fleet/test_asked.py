"""What a run asks for, as the Mixer holds it: a table, and a small one."""

from __future__ import annotations

import tracemalloc

import pytest
from msgspec import structs

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.fleet.mixer.history.asked import Asked, AskedTable, Numbers
from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.remote.case import PortableCase, PortablePack, PortableSpec


def _case(number: int) -> PortableCase:
    # All that cases of one pack share is another value in each, as it is after decoding.
    digest = sha256(b"pack")
    return PortableCase(
        f"scenarios/part-{number // 100}.json::change-{number:06}",
        sha256(b"%d" % number),
        f"sha256:{sha256(b'w%d' % number)}",
        f"scenarios/part-{number // 100}.json",
        ProfileRef("change", "1.0.0", f"sha256:{digest}", "tree", "."),
        PortablePack("tree", digest, "packs/change", f"sha256:{digest}", "tree"),
    )


_SPECIAL = structs.replace(
    _case(7), spec=PortableSpec("s:1", "0" * 64, "s.yaml"), row="1", gear="other", references=False, floats=False
)


def test_what_is_added_is_there_as_it_was() -> None:
    table = AskedTable()
    cases = [
        _case(1),
        _SPECIAL,
        structs.replace(_case(2), skip="not here"),
        structs.replace(_case(3), xfail="known", strict=True),
    ]
    assert [table.add(case) for case in cases] == [Asked(number, case) for number, case in enumerate(cases, 1)]
    assert list(table) == [Asked(number, case) for number, case in enumerate(cases, 1)]
    again = table.add(cases[1], 2)
    assert again == Asked(5, cases[1], 2) == table[_SPECIAL.item, 2] == table.at(5)
    assert (len(table), table.items, table.gears, table.skipped) == (5, 4, {"engine": 3, "other": 2}, [3])
    assert (_SPECIAL.item, 2) in table
    for missing in ((_SPECIAL.item, 3), (_case(1).item, 2), ("other", 1)):
        assert missing not in table
        assert table.get(missing) is None
        with pytest.raises(KeyError):
            table[missing]


@pytest.mark.parametrize("attempt", [1, 2])
def test_nothing_is_asked_for_twice(attempt: int) -> None:
    table = AskedTable()
    table.add(_case(1))
    table.add(_case(1), 2)
    with pytest.raises(KeyError):
        table.add(_case(1), attempt)
    assert len(table) == 2


def test_it_is_small() -> None:
    tracemalloc.start()
    table, published = AskedTable(), Numbers()
    for number in range(2_000):
        published[table.add(_case(number)).number] = number
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2_000 * 700


def test_numbers_are_known_by_theirs() -> None:
    numbers = Numbers()
    numbers[3] = 0
    numbers[1] = 17
    numbers[1] = 18
    assert [numbers.get(number) for number in (1, 2, 3, 4)] == [18, 0, 0, 0]
    assert [number in numbers for number in (1, 2, 3, 4)] == [True, False, True, False]
    assert len(numbers) == 2
