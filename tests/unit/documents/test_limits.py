from __future__ import annotations

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.documents import Limits


def test_without_settings_the_limits_are_those_of_the_specification() -> None:
    assert Limits.parse([]) == Limits(1 << 20, 64, 100_000, 256 << 10)


def test_a_setting_changes_its_limit_only() -> None:
    assert Limits.parse(["depth=32", " nodes = 7 "]) == Limits(depth=32, nodes=7)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("dept=3", "no limit is named 'dept' (did you mean 'depth'?)"),
        ("depth", "'depth' is not a limit (write name=number)"),
        ("depth=", "'' is not a number for the limit depth"),
        ("depth=0", "'0' is not a number for the limit depth"),
        ("depth=-1", "'-1' is not a number for the limit depth"),
        ("depth=²", "'²' is not a number for the limit depth"),
        ("depth=3k", "'3k' is not a number for the limit depth"),
        ("depth=257", "the limit depth is at most 256, not 257"),
        ("nodes=1" + "0" * 5000, "is not a number for the limit nodes"),
        ("\x1b[31m=1", "no limit is named '\\x1b[31m'"),
    ],
)
def test_a_bad_setting_is_an_error_that_says_what_to_write(setting: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Limits.parse([setting])
    (problem,) = caught.value.problems
    assert message in str(problem)
    assert str(problem).startswith("fluxscenario_limits: ")
    assert len(str(problem)) < 2048


def test_all_bad_settings_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        Limits.parse(["depth=1", "depth=2", "x=1", "nodes=no"])
    assert [problem.message.split("'")[0] for problem in caught.value.problems] == [
        "the limit depth is given twice",
        "no limit is named ",
        "",
    ]
