from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_fluxscenario.documents import Limits
from pytest_fluxscenario.documents.elements import read_carefully, read_quickly
from pytest_fluxscenario.documents.json_proof import prove, quotes
from tests.unit.documents.reading import source

SCENARIO = {
    "id": "SCN-1",
    "profile_version": "1.4.0",
    "steps": [
        {
            "name": 'step "1": approve \\ [x] {y}: é',
            "payload": {"count": 3, "share": 0.25, "flag": True, "none": None, "path": "C:\\", "quote": '\\"'},
        }
    ],
}


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("value", [SCENARIO, [SCENARIO] * 40, [], {}, "x", 1, [1, "a", None]])
def test_ordinary_files_take_the_quick_way_and_it_leads_to_the_same(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    read = source("a.json", json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    for split in (True, False):
        quick = read_quickly(read, Limits(), split=split)
        assert quick is not None
        assert quick == read_carefully(read, Limits(), split=split)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "\\u0062": 2}}',
        '[{"a": 1}, {"a": 1, "a": 2}]',
        '["\\u0000"]',
        '["\\uD83D\\uDE00"]',
        "[9007199254740993]",
        "[1e3]",
        "[0.12345678901234567890]",
        "[1, 2",
        "[01]",
        "[1] 2",
        "\ufeff[]",
        '["\xff"]',
        "[NaN]",
        "[" * 65 + "]" * 65,
        "[" * 200_000,
        "[" * 65 + "}" * 65,
        "[" + "1," * 100_000 + "1]",
        '["' + "x" * 300_000 + '"]',
    ],
    ids=lambda text: text[:20],
)
def test_what_is_wrong_or_doubtful_is_left_to_the_careful_reader(text: str) -> None:
    raw = text.encode("latin-1") if text == '["\xff"]' else text.encode()
    assert read_quickly(source("a.json", raw), Limits(), split=True) is None
    assert read_quickly(source("a.json", raw), Limits(), split=False) is None


@pytest.mark.parametrize("depth", [1, 2, 5, 64])
@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}"), ('{"]":[', "]}")])
def test_the_proof_of_depth_is_exact(depth: int, opener: str, closer: str) -> None:
    each = 2 if opener.endswith("[") and len(opener) > 1 else 1
    deep = opener * depth + "1" + closer * depth
    many = "[" + ",".join([deep] * 100) + "]"
    assert prove(many.encode(), Limits(depth=depth * each + 1)) is not None
    assert prove(many.encode(), Limits(depth=depth * each)) is None


@pytest.mark.parametrize(
    ("text", "floats"),
    [("[1, true, null, -12]", False), ("[1.5]", True), ('["1.5"]', False), ("[0.0, 1]", True), ("-1.0", True)],
)
def test_fractions_are_seen(text: str, floats: bool) -> None:
    proven = prove(text.encode(), Limits())
    assert proven is not None
    assert proven[1] is floats


def test_quotes_count_the_ends_of_strings() -> None:
    assert quotes(b'{"a":"b\\"c\\\\","d":1}') == 6
