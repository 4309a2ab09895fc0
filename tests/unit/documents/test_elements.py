from __future__ import annotations

import json

import pytest

from pytest_fluxscenario.documents import Element, Limits, read_elements
from pytest_fluxscenario.documents.elements import read_carefully
from tests.unit.documents.reading import source


def read(name: str, text: str, *, split: bool = True) -> list[tuple[object, int, int, tuple[str | int, ...]]]:
    return [
        (element.data, element.line, element.document, element.pointer)
        for element in read_elements(source(name, text), split=split)
    ]


def test_an_object_is_one_element() -> None:
    (element,) = read_elements(source("a.json", '\n\n {"b": 1, "a": "é"}'))
    assert element == Element({"b": 1, "a": "é"}, '{"b":1,"a":"é"}'.encode(), 3, 0, (), True)


def test_a_list_is_split_into_elements_with_their_lines() -> None:
    text = '\n[\n {"a": 1},\n\n {"b":\n [2]} , 3,"x,\\n" ,\n4]'
    expected = [
        ({"a": 1}, 3, 0, (0,)),
        ({"b": [2]}, 5, 0, (1,)),
        (3, 6, 0, (2,)),
        ("x,\n", 6, 0, (3,)),
        (4, 7, 0, (4,)),
    ]
    assert read("a.json", text) == expected
    careful = read_carefully(source("a.json", text), Limits(), split=True)
    assert [element.line for element in careful] == [3, 5, 6, 6, 7]


def test_a_list_stays_whole_where_it_is_asked_for() -> None:
    assert read("a.json", "\n[1, 2]", split=False) == [([1, 2], 2, 0, ())]
    assert read("a.yaml", "\n- 1\n- 2", split=False) == [([1, 2], 2, 0, ())]


def test_an_empty_list_has_no_elements() -> None:
    assert read("a.json", "[ ]") == []
    assert read("a.yaml", "[]") == []


def test_a_stream_gives_an_element_for_each_document_and_item() -> None:
    text = "# c\na: 1\n---\n- b: 2\n\n-\n  c: 3\n---\nd\n"
    assert read("a.yaml", text) == [
        ({"a": 1}, 2, 0, ()),
        ({"b": 2}, 4, 1, (0,)),
        ({"c": 3}, 7, 1, (1,)),
        ("d", 9, 2, ()),
    ]


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_what_is_encoded_is_compact_and_in_the_order_of_the_file(name: str) -> None:
    (element,) = read_elements(source(name, '{"z": [1, true], "a": {"é": null}}'))
    assert element.encoded == '{"z":[1,true],"a":{"é":null}}'.encode()


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('{"a": 1}', True),
        ('{"a": "1.5"}', True),
        ('{"a": "\uffee"}', True),
        ('{"a": 1.5}', False),
        ('{"a": 1e3}', False),
        ('{"\U0001f600": 1}', False),
        ('{"a": "\U0001f600"}', False),
    ],
)
def test_plain_says_that_sorting_is_canonical(name: str, text: str, plain: bool) -> None:
    (element,) = read_elements(source(name, text))
    assert element.plain is plain


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_the_quick_and_the_careful_way_split_alike(count: int) -> None:
    text = json.dumps([{"id": f"s{number}", "text": 'é \\" ,] \n'} for number in range(count)], indent=1)
    read_source = source("a.json", text)
    assert read_elements(read_source) == read_carefully(read_source, Limits(), split=True)
    assert len(read_elements(read_source)) == count
