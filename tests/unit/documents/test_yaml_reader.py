from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.documents import Limits, read_elements
from tests.unit.documents.reading import data, found, problems, source


def refused(text: str) -> str:
    (problem,) = problems("a.yaml", text)
    return f"{problem.code.removeprefix('document.')} {str(problem).removeprefix('a.yaml:')}"


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same with libyaml and, where PyYAML was built without it, with the parser in Python."""
    name: str = request.param
    if name == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml here")
    return name


@pytest.mark.usefixtures("parser")
class TestEitherParser:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("a: 1\nb:\n- x\n- {c: ~}\n", {"a": 1, "b": ["x", {"c": None}]}),
            ("a: [no, on, Off, 2020-01-01, 1:30, 1_000, 010]",
             {"a": ["no", "on", "Off", "2020-01-01", "1:30", "1_000", "010"]}),
            ("a:\nb: ''\n", {"a": None, "b": ""}),
            ("# first\n---\na: 1 # c\n...\n", {"a": 1}),
            ("%YAML 1.2\n---\na: 1\n", {"a": 1}),
            ("plain text\n over lines", "plain text over lines"),
            ("'quoted'", "quoted"),
            ("null", None),
            ('a: "\\u00e9\\t\\x41"', {"a": "é\tA"}),
            ('"<<": 1', {"<<": 1}),
            ("'1': x\n\"true\": y\n", {"1": "x", "true": "y"}),
            ("a: <<", {"a": "<<"}),
            ("? a\n: b\n", {"a": "b"}),
            ("{a, b: 1}", {"a": None, "b": 1}),
            ("a: x # é\r\nb: y\r\n", {"a": "x", "b": "y"}),
            ("a: 😀", {"a": "😀"}),
        ],
    )  # fmt: skip
    def test_what_is_yaml_is_read(self, text: str, value: Any) -> None:
        assert repr(data("a.yaml", text)) == repr(value)

    @pytest.mark.parametrize(
        ("text", "where"),
        [
            ("a: &x 1", "anchor 1:4"), ("- &x [1]", "anchor 1:3"), ("&x a: 1", "anchor 1:1"),
            ("- &x {a: 1}", "anchor 1:3"),
            ("a: *x", "alias 1:4"), ("[1, *x]", "alias 1:5"), ("*x : 1", "alias 1:1"), ("{a: *x}", "alias 1:5"),
            ("<<: {a: 1}", "merge-key 1:1"), ("b: 1\n<<: [{a: 1}]", "merge-key 2:1"), ("[{<<: 1}]", "merge-key 1:3"),
            ("a: !!str 1", "tag 1:4"), ("a: !x 1", "tag 1:4"), ("a: ! 1", "tag 1:4"), ("!!map {a: 1}", "tag 1:1"),
            ("- !!python/object/apply:os.system [x]", "tag 1:3"), ("!<x> a: 1", "tag 1:1"), ("a: ! '1'", "tag 1:4"),
            ("%YAML 1.1\n---\na: 1", "directive 1:1"), ("%TAG ! x:\n---\na: 1", "directive 1:1"),
            ("1: x", "key-type 1:1"), ("a: {true: x}", "key-type 1:5"), ("- ~: x", "key-type 1:3"),
            ("1.5: x", "key-type 1:1"),
            ("? [a]\n: b", "key-type 1:3"), ("{a: 1}: b", "key-type 1:1"), ("[a]: b", "key-type 1:1"),
            ("? |\n  1\n: b\n1: c", "key-type 4:1"),
            ("a: 1\nb: 2\na: 3", "duplicate-key 3:1"), ("x: {a: 1, 'a': 2}", "duplicate-key 1:11"),
            ('- a: 1\n  "\\x61": 2', "duplicate-key 2:3"), ("? a\n: 1\n? 'a'\n: 2", "duplicate-key 3:3"),
            ("a: 9007199254740992", "integer-range 1:4"), ("- .nan", "not-a-number 1:3"),
            ("[1e400]", "number-range 1:2"),
            ("99999999999999999999: x", "integer-range 1:1"),
            ('a: "\\0"', "nul 1:4"), ('"a\\x00": 1', "nul 1:1"),
            ("# only\n# comments\n", "empty 1:1"), ("---\n", "empty 2:1"), ("a: 1\n---\n", "empty 3:1"),
            ("---\n---\na: 1", "empty 2:1"),
            ("{a: 1} b", "trailing-text 1:8"), ("'a' 'b'", "trailing-text 1:5"), ("[1]]", "trailing-text 1:4"),
            ("a: x\x85b: y", "line-break 1:5"), ("# é\na: 'x\u2028y'", "line-break 2:6"),
        ],
    )  # fmt: skip
    def test_what_means_more_than_it_shows_is_refused(self, text: str, where: str) -> None:
        assert found("a.yaml", text) == [where]

    @pytest.mark.parametrize(
        "text",
        [
            "a: b: c",
            "a:\n\t- b",
            "a: [1",
            "a: 'x",
            "a: @x",
            "- 1\n-2",
            "a: 1\n b: 2",
            "%",
            "|x",
            "!",
            "&",
            "a: \x01",
            "}",
            "? ? ?\n x",
        ],
    )
    def test_what_is_not_yaml_is_refused_with_a_line(self, text: str) -> None:
        problem = problems("a.yaml", text)[-1]
        assert problem.code in ("document.syntax", "document.directive", "document.tag", "document.key-type")
        assert problem.place.line > 0
        assert problem.place.column > 0

    def test_half_of_a_pair_is_refused(self) -> None:
        assert [line.split()[0] for line in found("a.yaml", 'a: "\\ud800"')] == ["surrogate"]

    def test_a_code_point_that_is_none_is_refused(self) -> None:
        assert problems("a.yaml", 'a: "\\UFFFFFFFF"')[0].place.line == 1

    @pytest.mark.parametrize(
        "text",
        ["a: b\n<<<<<<< HEAD\nx: 1\n=======\nx: 2\n>>>>>>> t\n",
         "a: [1,\n<<<<<<< HEAD\n2,\n=======\n3,\n>>>>>>> t\n4]\n",
         "a: 'x\n<<<<<<< HEAD\ny\n=======\nz\n>>>>>>> t\n'\n"],
    )  # fmt: skip
    def test_a_merge_conflict_is_named_as_such(self, text: str) -> None:
        assert found("a.yaml", text) == ["conflict-marker 2:1"]

    def test_what_is_left_of_a_merge_conflict_is_named(self) -> None:
        assert found("a.yaml", "a: b\n=======\nc: d\n") == ["conflict-marker 2:1"]

    def test_what_only_looks_like_a_conflict_is_read(self) -> None:
        text = "a: |\n  <<<<<<< HEAD\n  x\n  =======\n  y\n  >>>>>>> t\nb: '<<<<<<< x'\n"
        assert data("a.yaml", text) == {"a": "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> t\n", "b": "<<<<<<< x"}

    def test_depth_nodes_and_scalars_are_limited_exactly(self) -> None:
        limits = Limits(depth=3, nodes=4, scalar_bytes=4)
        read_elements(source("a.yaml", "a: [[1]]"), limits)
        assert found("a.yaml", "a: [[[1]]]", limits) == ["depth 1:6"]
        assert found("a.yaml", "- - - - 1", limits) == ["depth 1:7"]
        read_elements(source("a.yaml", "[1, 2, 3]"), limits)
        assert found("a.yaml", "[1, 2, 3, 4]", limits) == ["nodes 1:11"]
        read_elements(source("a.yaml", "éé"), limits)
        assert found("a.yaml", "- ééx", limits) == ["scalar-size 1:3"]
        assert found("a.yaml", "abcde: 1", limits) == ["scalar-size 1:1"]
        assert found("a.yaml", "- 'abcde'", limits) == ["scalar-size 1:3"]


def test_messages_say_what_to_do() -> None:
    assert refused("1: x") == "key-type 1:1: the key 1 is an integer, not a string (quote it: '1')"
    assert refused("a: !!str 1") == "tag 1:4: a tag, !!str (take it out; quote what shall be a string)"
    assert refused("a: 1\n'a': 2").startswith(
        "duplicate-key 2:1: the key 'a' stands here again; first in line 1, column 1"
    )
    assert refused("a:\n\tb: 1").endswith("(indent with spaces, not with tabs)")
    assert refused("a:\n  - b: c\n\td: 1").endswith("(indent with spaces, not with tabs)")
    assert refused("a: {b: ${c}}").endswith('(within { } or [ ] a reference stands in quotes: "${name}")')
    assert refused("a: b: c").endswith("(check the indentation, and quote text that holds ': ')")
    assert refused("a:\n  - b: 1\n   c: 2").endswith("that begins in line 2 (check the indentation)")
    assert refused("a: {b: 1").endswith("in line 1")
    assert refused("a: \x07") == (
        "syntax 1:4: the character U+0007, which YAML does not allow (write it as an escape in double quotes)"
    )
    assert refused("%FOO x\n--- a").startswith("directive 1:")


def test_several_problems_are_found_in_order() -> None:
    text = "a: &x 1\n1: !!str 2\na: .nan\n<<: {b: 1, b: 2}\n"
    assert found("a.yaml", text) == [
        "anchor 1:4", "key-type 2:1", "tag 2:4", "duplicate-key 3:1", "not-a-number 3:4", "merge-key 4:1",
    ]  # fmt: skip


@pytest.mark.parametrize("error", [ValueError, AttributeError, KeyError, IndexError, RecursionError, UnicodeError])
def test_whatever_the_parser_raises_becomes_a_problem(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    real = yaml.parse

    def broken(text: str, Loader: Any) -> Any:  # noqa: N803 - the name is yaml's
        events = real(text, Loader=Loader)
        for _ in range(6):
            yield next(events)
        raise error("\x1b[31m")

    monkeypatch.setattr(yaml, "parse", broken)
    (problem,) = problems("a.yaml", "a: 1\nb: 2\nc: 3\n")
    assert problem.code == "document.syntax"
    assert problem.place.line == 2
    assert error.__name__ in problem.message


def test_an_interruption_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(text: str, Loader: Any) -> Any:  # noqa: N803 - the name is yaml's
        raise KeyboardInterrupt

    monkeypatch.setattr(yaml, "parse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_elements(source("a.yaml", "a: 1"))


BMP = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\x00")
PRINTABLE = st.characters(categories=("L", "N", "P", "S", "Zs"))
MOST = 2**53 - 1


def values(characters: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        scalars | st.text(characters, max_size=20),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(characters, max_size=5), inner, max_size=5),
        max_leaves=20,
    )


@given(values(BMP), st.sampled_from([None, 0, 2]))
def test_json_is_yaml_and_reads_the_same(value: Any, indent: int | None) -> None:
    assert repr(data("a.yaml", json.dumps(value, indent=indent))) == repr(value)


@given(values(PRINTABLE))
def test_json_in_its_own_letters_is_yaml(value: Any) -> None:
    assert repr(data("a.yaml", json.dumps(value, ensure_ascii=False))) == repr(value)


KEYS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "single": lambda key: f"'{key}'",
    "double": lambda key: f'"{key}"',
    "escaped": lambda key: '"' + "".join(f"\\u{ord(character):04x}" for character in key) + '"',
    "explicit": lambda key: f"? {key}\n",
}


@given(
    st.text("abcxyz_é", min_size=1, max_size=8).filter(lambda key: key not in ("y", "n")),
    st.sampled_from(sorted(KEYS)),
    st.sampled_from(sorted(KEYS)),
)
def test_equal_keys_are_refused_however_they_are_written(key: str, one: str, other: str) -> None:
    text = f"{KEYS[one](key)}: 1\nother: 2\n{KEYS[other](key)}: 3\n"
    (problem,) = problems("a.yaml", text)
    assert problem.code == "document.duplicate-key"
    assert "first in line 1," in problem.message
    assert problem.place.line == (4 if one == "explicit" else 3)
