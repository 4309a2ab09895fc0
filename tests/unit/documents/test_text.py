from __future__ import annotations

import pytest

from pytest_fluxscenario.documents import Limits
from tests.unit.documents.reading import data, found, problems

NAMES = ("a.json", "a.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_utf8_is_read_with_and_without_byte_order_mark(name: str) -> None:
    assert data(name, b'{"a": "\xc3\xa9"}') == {"a": "é"}
    assert data(name, b'\xef\xbb\xbf{"a": "\xc3\xa9"}') == {"a": "é"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ['{"a": 1}', "1", "[]"])
def test_wide_encodings_are_named(name: str, encoding: str, text: str) -> None:
    (problem,) = problems(name, text.encode(encoding))
    assert problem.code == "document.encoding"
    assert encoding[:6].upper() in problem.message
    assert problem.hint == "save the file as UTF-8"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'["\xe9"]', "encoding 1:3"),
        ("[\n'é', '".encode() + b"\xfc']", "encoding 2:7"),
        (b'["\xc0\x80"]', "encoding 1:3"),
        (b'["\xf4\x90\x80\x80"]', "encoding 1:3"),
        (b'["\xed\xa0\x80"]', "surrogate 1:3"),
        (b'["x\xed\xbf\xbf"]', "surrogate 1:4"),
        (b'["\xed', "encoding 1:3"),
        (b'\xef\xbb\xbf["\xe9"]', "encoding 1:3"),
    ],
)
def test_other_encodings_are_refused_where_they_show(name: str, raw: bytes, where: str) -> None:
    assert found(name, raw) == [where]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b" \r\n\t", "the file holds only white space"),
    ],
)
def test_nothing_to_read_is_its_own_problem(name: str, raw: bytes, message: str) -> None:
    (problem,) = problems(name, raw)
    assert (problem.code, problem.message) == ("document.empty", message)


@pytest.mark.parametrize("name", NAMES)
def test_a_nul_is_refused_where_it_stands(name: str) -> None:
    assert found(name, b'{"a":\n "b\x00c"}') == ["nul 2:4"]


@pytest.mark.parametrize("name", NAMES)
def test_the_limit_of_bytes_holds_for_bytes_however_they_were_read(name: str) -> None:
    assert found(name, b"[1, 2]", Limits(file_bytes=5)) == ["file-size 0:0"]
    assert data(name, b"[1, 2]") == [1, 2]


@pytest.mark.parametrize("name", ["a", "a.toml", "a.json.txt", "json", "a.jsonl"])
def test_a_name_that_is_neither_is_refused(name: str) -> None:
    (problem,) = problems(name, "{}")
    assert problem.code == "document.suffix"


@pytest.mark.parametrize("name", ["a.JSON", "a.Yaml", "a.yml", ".json"])
def test_suffixes_count_in_any_case(name: str) -> None:
    assert data(name, '{"a": 1}') == {"a": 1}
