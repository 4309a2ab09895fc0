from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.documents import Limits, Places, read_places
from tests.unit.documents.reading import source

JSON = '{\n "id": "é",\n "né": {"list": [1, {"x": -2.50}, []]},\n "b": true\n}'
YAML = "id: 'é'\nné:\n  list:\n  - 1\n  - x: -2.50\n  - []\nb: true\n---\nversion: 1.10\nempty:\ntext: |\n  a\n"


def at(places: Places, *pointer: str | int, document: int = 0, key: bool = False) -> tuple[int, int]:
    place = places.at(document, pointer, key=key)
    assert (place.file, place.pointer) == ("a", pointer)
    return place.line, place.column


@pytest.fixture
def json_places() -> Places:
    return renamed("a.json", JSON)


@pytest.fixture
def yaml_places() -> Places:
    return renamed("a.yaml", YAML)


def renamed(name: str, text: str) -> Places:
    places = read_places(source(name, text))
    places._name = "a"
    return places


def test_places_of_json(json_places: Places) -> None:
    assert at(json_places) == (1, 1)
    assert at(json_places, "id") == (2, 8)
    assert at(json_places, "id", key=True) == (2, 2)
    assert at(json_places, "né") == (3, 8)
    assert at(json_places, "né", "list") == (3, 17)
    assert at(json_places, "né", "list", 0) == (3, 18)
    assert at(json_places, "né", "list", 1, "x") == (3, 27)
    assert at(json_places, "né", "list", 1, "x", key=True) == (3, 22)
    assert at(json_places, "né", "list", 2) == (3, 35)
    assert at(json_places, "b") == (4, 7)


def test_places_of_yaml(yaml_places: Places) -> None:
    assert at(yaml_places, "id") == (1, 5)
    assert at(yaml_places, "né", key=True) == (2, 1)
    assert at(yaml_places, "né") == (3, 3)
    assert at(yaml_places, "né", "list", 0) == (4, 5)
    assert at(yaml_places, "né", "list", 1) == (5, 5)
    assert at(yaml_places, "né", "list", 1, "x") == (5, 8)
    assert at(yaml_places, "né", "list", 2) == (6, 5)
    assert at(yaml_places, "version", document=1) == (9, 10)
    assert at(yaml_places, document=1) == (9, 1)


def test_the_nearest_ancestor_stands_for_what_is_absent(json_places: Places) -> None:
    assert at(json_places, "none") == (1, 1)
    assert at(json_places, "none", "deeper", 3) == (1, 1)
    assert at(json_places, "né", "list", 9) == (3, 17)
    assert at(json_places, "né", "list", -1) == (3, 17)
    assert at(json_places, "né", "list", "x") == (3, 17)
    assert at(json_places, "né", 0) == (3, 8)
    assert at(json_places, "id", "x") == (2, 8)
    assert at(json_places, "né", "none", key=True) == (3, 8)
    assert json_places.at(1, ("id",)) == Place("a", 0, 0, ("id",))
    assert json_places.at(-1, ()) == Place("a")


def test_scalars_as_they_are_written(json_places: Places, yaml_places: Places) -> None:
    assert json_places.written(0, ("né", "list", 1, "x")) == "-2.50"
    assert json_places.written(0, ("id",)) == '"é"'
    assert json_places.written(0, ("né", "list", 2)) is None
    assert json_places.written(0, ("né", "none")) is None
    assert json_places.written(3, ()) is None
    assert yaml_places.written(0, ("id",)) == "'é'"
    assert yaml_places.written(0, ("né", "list", 1, "x")) == "-2.50"
    assert yaml_places.written(1, ("version",)) == "1.10"
    assert yaml_places.written(1, ("empty",)) == ""
    assert yaml_places.written(0, ()) is None


def test_a_byte_order_mark_is_no_column() -> None:
    assert read_places(source("a.json", "\ufeff[1]")).at(0, (0,)).column == 2
    assert read_places(source("a.yaml", "\ufeffa: 1")).at(0, ("a",)).column == 4


def test_reading_for_places_refuses_what_reading_refuses() -> None:
    for name in ("a.json", "a.yaml", "a.txt"):
        with pytest.raises(DocumentError):
            read_places(source(name, "[1"))
    with pytest.raises(DocumentError):
        read_places(source("a.json", "[1]"), Limits(depth=0))


# PyYAML's parser in Python takes no tab within a plain scalar.
LETTERS = "abé😀 \t" if yaml.__with_libyaml__ else "abé😀 "
WORDS = st.text(LETTERS, min_size=1, max_size=6).map(lambda text: "w" + text.strip() + "w")


@given(st.lists(st.tuples(WORDS, st.integers(0, 2)), min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_at_a_place_in_yaml_is_the_value(items: list[tuple[str, int]], ending: str) -> None:
    lines: list[str] = []
    for word, blank in items:
        lines += ["# é 😀"] * blank + [f"- {word}  # 😀"]
    text = ending.join(lines)
    places: Any = read_places(source("a.yaml", text))
    for index, (word, _) in enumerate(items):
        assert places.written(0, (index,)) == word
        place = places.at(0, (index,))
        assert text.split("\n")[place.line - 1][place.column - 1 :].startswith(word)
