from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.documents import Limits, read_elements
from pytest_fluxscenario.documents.elements import read_carefully, read_quickly
from tests.unit.documents.reading import data, found, problems, source

MOST = 2**53 - 1
BOTH = " (write both halves, or the character itself)"
TRAILING = " (a file holds one JSON value: put several into a list)"


def refused(text: str | bytes) -> str:
    (problem,) = problems("a.json", text)
    return f"{problem.code.removeprefix('document.')} {str(problem).removeprefix('a.json:')}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        (" true ", True),
        ("[]", []),
        ("{}", {}),
        ('{"a": [{"b": {}}, [], 1]}', {"a": [{"b": {}}, [], 1]}),
        ('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00"', '"\\/\b\f\n\r\té€😀'),
        ("[0, -0, 10, 9007199254740991, -9007199254740991]", [0, 0, 10, MOST, -MOST]),
        ("[0.0, -1.5, 1e3, 1E-3, 1.25e+2]", [0.0, -1.5, 1000.0, 0.001, 125.0]),
        ("1e-400", 0.0),
        ('"\x7f\u2028\ufeff"', "\x7f\u2028\ufeff"),
        ('{"": ""}', {"": ""}),
    ],
)
def test_what_is_json_is_read(text: str, value: Any) -> None:
    assert repr(data("a.json", text)) == repr(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "syntax 1:8: a comma before '}' (take the comma out)"),
        ("[1,\n2,\n]", "syntax 2:2: a comma before ']' (take the comma out)"),
        ("[1 2]", "syntax 1:4: a comma is missing before '2'"),
        ('{"a" 1}', "syntax 1:6: a colon is missing between a key and '1'"),
        ('{"a"', "syntax 1:1: the file ends before the '{' that begins here is closed (is the file cut off?)"),
        ("{a: 1}", "syntax 1:2: 'a' where a key should be (keys are strings in double quotes)"),
        ("{1: 1}", "syntax 1:2: '1' where a key should be (keys are strings in double quotes)"),
        ("{'a': 1}", 'syntax 1:2: a key in single quotes (JSON has only double quotes: ")'),
        ("['a']", 'syntax 1:2: a string in single quotes (JSON has only double quotes: ")'),
        ('[1,\n {"a": [2}', "syntax 2:10: '}' does not close the '[' of line 2, column 8"),
        ('{"a": [1], "b": {"c": 2]}', "syntax 1:24: ']' does not close the '{' of line 1, column 17"),
        ('[\n "x', "syntax 2:2: a string is not closed before the file ends"),
        ('["x\\', "syntax 1:2: a string is not closed before the file ends"),
        (
            '["é x\ny"]',
            "syntax 1:2: a string is not closed before the line ends (a line break in a string is written \\n)",
        ),
        ('["\\q"]', "syntax 1:3: '\\q' is no escape of JSON (a backslash itself is written \\\\)"),
        ('["\\u12"]', "syntax 1:3: '\\u12' is no escape of JSON (\\u takes four hexadecimal digits)"),
        ('["a\tb"]', "syntax 1:4: a control character, \\x09, in a string (write \\u0009)"),
        ("[True]", "syntax 1:2: 'True' is no word of JSON (write true)"),
        ("[undefined]", "syntax 1:2: 'undefined' is no word of JSON (write null)"),
        ("[truex]", "syntax 1:2: 'truex' where a value should be (strings need double quotes)"),
        ("[yes]", "syntax 1:2: 'yes' where a value should be (strings need double quotes)"),
        ("[1,,2]", "syntax 1:4: a value is missing before ','"),
        ("[,1]", "syntax 1:2: a value is missing before ','"),
        ('{"a":}', "syntax 1:6: a value is missing before '}'"),
        ("]", "syntax 1:1: a value is missing before ']'"),
        ("[1:2]", "syntax 1:3: a colon where a comma should be (only mappings, in { }, have keys)"),
        ("// x\n1", "syntax 1:1: a comment (JSON has none: write YAML, or take it out)"),
        ("# only\n", "syntax 1:1: a comment (JSON has none: write YAML, or take it out)"),
        ("[1, /* x */ 2]", "syntax 1:5: a comment (JSON has none: write YAML, or take it out)"),
        ('{"a": 1 // x\n}', "syntax 1:9: a comment (JSON has none: write YAML, or take it out)"),
        ("{} // x", "syntax 1:4: a comment (JSON has none: write YAML, or take it out)"),
        ("[NaN]", "not-a-number 1:2: 'NaN' is no number (use null, or quote it)"),
        ("[-Infinity]", "not-a-number 1:2: '-Infinity' is no number (use null, or quote it)"),
        ("[\u00a01]", "syntax 1:2: '\u00a0' where a value should be"),
        ("{} {}", "trailing-text 1:4: '{' behind the end of the JSON document" + TRAILING),
        ('"a"b', "trailing-text 1:4: 'b' behind the end of the JSON document" + TRAILING),
        ("[1]\n\n]", "trailing-text 3:1: ']' behind the end of the JSON document" + TRAILING),
        ('["\\u0000"]', "nul 1:3: a NUL character, \\u0000 (take it out)"),
        (
            '["\\ud800x"]',
            "surrogate 1:3: half of a surrogate pair, \\ud800, which is no character" + BOTH,
        ),
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused_in_words(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.parametrize(
    "number", ["01", "-01", "+1", ".5", "1.", "1.e3", "1e", "1e+", "0x1F", "1_000", "1.2.3", "--1", "1-"]
)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("[", "]"), ('{"a":', "}"), ("[1,", ",1]")])
def test_numbers_of_other_languages_are_refused(number: str, before: str, after: str) -> None:
    (problem,) = problems("a.json", before + number + after)
    assert (problem.code, problem.place.column) == ("document.syntax", len(before) + 1)
    assert f"'{number}'" in problem.message


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\udbff\\ud800", "\\ude00\\ud83d", "\\uD83D\\u0041"])
def test_half_of_a_pair_is_refused(escape: str) -> None:
    assert found("a.json", f'{{"{escape}": 1}}')[0] == "surrogate 1:3"
    assert found("a.json", f'["{escape}"]')[0] == "surrogate 1:3"


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "1" * 5000, "-" + "9" * 400])
def test_integers_that_are_not_exact_everywhere_are_refused(number: str) -> None:
    assert found("a.json", f'{{"a": [1, {number}]}}') == ["integer-range 1:11"]
    assert len(str(problems("a.json", number)[0])) < 300


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400 + ".0", "1e99999999999999999999"])
def test_numbers_that_become_infinite_are_refused(number: str) -> None:
    assert found("a.json", f"[{number}]") == ["number-range 1:2"]


@pytest.mark.parametrize(
    ("one", "other"), [("a", "a"), ("a", "\\u0061"), ("\\u0061", "a"), ("é", "\\u00E9"), ("/", "\\/"), ("", "")]
)
@pytest.mark.parametrize("shape", ['{{"{}": 1, "{}": 1}}', '[{{"x": {{"{}": [], "y": 1, "{}": {{}}}}}}]'])
def test_duplicate_keys_are_refused_however_they_are_written(shape: str, one: str, other: str) -> None:
    text = shape.format(one, other)
    (problem,) = problems("a.json", text)
    assert problem.code == "document.duplicate-key"
    first = text.index(f'"{one}"')
    second = text.index(f'"{other}"', first + 1)
    assert problem.place.column == second + 1
    assert f"first in line 1, column {first + 1}" in problem.message


def test_a_key_may_stand_in_two_mappings() -> None:
    assert data("a.json", '[{"a": {"a": 1}}, {"a": 2}]') == [{"a": {"a": 1}}, {"a": 2}]


def test_all_problems_that_do_not_hinder_reading_are_found_in_order() -> None:
    text = '{"a": 1, "a": 1e999,\n "b": 99999999999999999999,\n "c": "\\u0000", "d": [,]}'
    assert found("a.json", text) == [
        "duplicate-key 1:10", "number-range 1:15", "integer-range 2:7", "nul 3:8", "syntax 3:23",
    ]  # fmt: skip


def test_the_problems_of_one_file_fit_into_2_kb() -> None:
    text = "{" + ", ".join(['"' + "k" * 300 + '": 1'] * 1000) + "}"
    with pytest.raises(DocumentError) as caught:
        read_elements(source("scenarios/" + "n" * 90 + ".json", text))
    assert 1 < len(caught.value.problems) < 10
    assert len(str(caught.value)) < 2048


@pytest.mark.parametrize(("opener", "closer"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_depth_may_reach_its_limit(opener: str, closer: str) -> None:
    levels = 64 // opener.count("[{"[0]) if opener == "[" else 64 // (opener.count("{") + opener.count("["))
    read_elements(source("a.json", opener * levels + "1" + closer * levels))
    text = opener * levels + "[]" + closer * levels
    assert found("a.json", text) == [f"depth 1:{len(opener) * levels + 1}"]


def test_many_brackets_beside_one_another_are_not_deep() -> None:
    assert len(read_elements(source("a.json", "[" + ",".join(["[[], {}]"] * 1000) + "]"))) == 1000


def test_brackets_in_strings_do_not_count() -> None:
    assert data("a.json", json.dumps(["[" * 100, '\\"' + "{" * 100])) == ["[" * 100, '\\"' + "{" * 100]


def test_the_limits_of_nodes_and_scalars_are_exact() -> None:
    limits = Limits(nodes=4, scalar_bytes=4)
    read_elements(source("a.json", '{"a": [1, "éé"]}'), limits)
    assert found("a.json", '{"a": [1, 2, 3]}', limits) == ["nodes 1:14"]
    assert found("a.json", '["ééx"]', limits) == ["scalar-size 1:2"]
    assert found("a.json", '{"abcde": 1}', limits) == ["scalar-size 1:2"]
    assert found("a.json", '["\\n\\n\\n\\n\\n"]', limits) == ["scalar-size 1:2"]
    assert found("a.json", "[12345]", limits) == ["scalar-size 1:2"]
    assert found("a.json", "[1.234]", limits) == ["scalar-size 1:2"]
    read_elements(source("a.json", '["\\n\\n\\n\\n"]'), limits)


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> topic", "||||||| 1234567", "<<<<<<<"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_merge_conflict_is_named_as_such(marker: str, ending: str) -> None:
    text = ending.join(["{", '"a": 1,', marker, '"b": 2', "}", ""])
    assert found("a.json", text) == ["conflict-marker 3:1"]


def test_a_merge_conflict_is_named_before_its_consequences() -> None:
    text = '{\n"a": 1, "a": 2\n<<<<<<< HEAD\n"b": 2\n=======\n"b": 3\n>>>>>>> topic\n}'
    assert found("a.json", text) == ["conflict-marker 3:1"]


def test_what_only_looks_like_a_conflict_is_read() -> None:
    assert data("a.json", '["<<<<<<< HEAD", "=======",\n">>>>>>> x"]') == ["<<<<<<< HEAD", "=======", ">>>>>>> x"]


def test_a_line_of_equals_signs_elsewhere_is_not_the_reason() -> None:
    assert found("a.json", "[1 2,\n3,\n=======\n]") == ["syntax 1:4"]
    assert found("a.json", "[1,\n=======\n2,\n3]") == ["conflict-marker 2:1"]


def test_what_is_shown_cannot_move_the_cursor() -> None:
    assert "\x1b" not in str(problems("a.json", "[\x1b[31m]")[0])
    assert "\u202e" not in str(problems("a.json", '{"\u202ea": 1, "\u202ea": 2}')[0])


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS, max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(CHARACTERS, max_size=5), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(
    VALUES, st.booleans(), st.sampled_from([None, 0, 1, "\t"]), st.booleans(), st.sampled_from(["", "\ufeff", " \r\n"])
)
def test_every_value_reads_back_by_both_readers(
    value: Any, ascii_only: bool, indent: int | str | None, compact: bool, before: str
) -> None:
    separators = (",", ":") if compact else (" , ", " : ")
    text = before + json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    for split in (False, True):
        read = source("a.json", text)
        careful = read_carefully(read, Limits(), split=split)
        quick = read_quickly(read, Limits(), split=split)
        assert quick is None or quick == careful
        datas = [element.data for element in careful]
        expected = value if split and isinstance(value, list) else [value]
        assert repr(datas) == repr(expected)
