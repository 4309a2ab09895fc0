from __future__ import annotations

import json

import pytest

from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.names import HashRef, TagRef
from pytest_fluxscenario.cas.draft import Draft
from pytest_fluxscenario.cas.index import Index, Resolved

A, B = "a" * 64, "b" * 64
TEXT = f"""\
{{
  "profiles": {{
    "visa": {{
      "v1.10.0": "{A}",
      "v1.9.0": "{B}"
    }}
  }},
  "scenarios": {{}},
  "specs": {{
    "card": {{
      "v0.1.0": "{B}"
    }}
  }}
}}
"""


def index(names: object) -> Index:
    return Index.parse(json.dumps(names).encode(), "store/index.json")


def problems(data: bytes) -> list[str]:
    with pytest.raises(DamageError) as caught:
        Index.parse(data, "store/index.json")
    return [str(problem) for problem in caught.value.problems]


def _with(index: Index, name: str, tag: str, digest: str) -> Index:
    draft = Draft(index)
    draft.put("specs", name, tag, digest)
    return draft.done()


def test_the_bytes_come_back() -> None:
    assert Index.parse(TEXT.encode()).to_bytes() == TEXT.encode()


def test_an_empty_index_names_every_kind() -> None:
    assert Index().to_bytes() == b'{\n  "profiles": {},\n  "scenarios": {},\n  "specs": {}\n}\n'


def test_the_order_of_entries_does_not_matter() -> None:
    one = _with(_with(Index(), "b", "v1.0.0", A), "a", "v2.0.0", B)
    other = _with(_with(Index(), "a", "v2.0.0", B), "b", "v1.0.0", A)
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize(
    ("tags", "latest"),
    [
        (["v1.9.0", "v1.10.0"], "v1.10.0"),
        (["v1.0.0-rc.1", "v1.0.0"], "v1.0.0"),
        (["v1.0.0", "v1.1.0-alpha"], "v1.1.0-alpha"),
        (["v1.0.0-rc.9", "v1.0.0-rc.10"], "v1.0.0-rc.10"),
        (["v1.0.0", "v1.0.0-rc.10", "v1.0.0-rc.9"], "v1.0.0"),
        (["v1.0.0-rc.10", "v1.0.0-rc.9"], "v1.0.0-rc.10"),
    ],
)
def test_latest_is_the_highest_by_precedence(tags: list[str], latest: str) -> None:
    known = index({"profiles": {"x": dict.fromkeys(tags, A)}})
    assert known.resolve("profiles", TagRef("x", "latest")) == Resolved("profiles", "x", latest, A)
    assert known.tags("profiles", "x")[0] == latest


def test_a_latest_tag_of_another_tool_is_ignored() -> None:
    known = index({"profiles": {"x": {"v1.0.0": A, "latest": B}, "y": {"latest": "what"}}})
    assert known.resolve("profiles", TagRef("x", "latest")).tag == "v1.0.0"
    assert "latest" not in known.to_bytes().decode()
    assert known.tags("profiles", "y") == ()


def test_a_hash_means_itself() -> None:
    assert Index().resolve("specs", HashRef(A)) == Resolved("specs", None, None, A)


@pytest.mark.parametrize(
    ("kind", "ref", "message"),
    [
        ("profiles", TagRef("visb", "v1.9.0"), "no profile 'visb' (did you mean 'visa'?)"),
        ("profiles", TagRef("visa", "v1.8.0"), "a profile 'visa' has no tag v1.8.0 (it has v1.10.0, v1.9.0)"),
        ("profiles", TagRef("card", "latest"), "no profile 'card' (a spec of that name exists)"),
        ("scenarios", TagRef("x", "latest"), "no scenario 'x' (it has no scenarios at all)"),
    ],
)
def test_an_unknown_ref_says_what_there_is(kind: str, ref: TagRef, message: str) -> None:
    with pytest.raises(StoreError) as caught:
        Index.parse(TEXT.encode(), "store/index.json").resolve(kind, ref)  # type: ignore[arg-type]  # one of the kinds
    assert str(caught.value).startswith("store/index.json: ")
    assert str(caught.value).endswith(message)


def test_a_name_means_what_its_kind_says() -> None:
    known = index({"profiles": {"x": {"v1.0.0": A}}, "specs": {"x": {"v1.0.0": B}}})
    assert known.resolve("profiles", TagRef("x", "v1.0.0")).hash == A
    assert known.resolve("specs", TagRef("x", "v1.0.0")).hash == B


def test_a_tag_is_immutable() -> None:
    known = _with(Index(), "x", "v1.0.0", A)
    assert _with(known, "x", "v1.0.0", A) is known
    with pytest.raises(StoreError, match="a tag is immutable"):
        _with(known, "x", "v1.0.0", B)
    assert Index().names == {}


@pytest.mark.parametrize(
    ("name", "tag", "digest"),
    [
        ("X", "v1.0.0", A),
        ("../x", "v1.0.0", A),
        ("x", "latest", A),
        ("x", "1.0.0", A),
        ("x", "v1.0.0+b", A),
        ("x", "v1.0.0", "A"),
    ],
)
def test_what_is_not_well_formed_is_not_entered(name: str, tag: str, digest: str) -> None:
    with pytest.raises(StoreError):
        _with(Index(), name, tag, digest)


@pytest.mark.parametrize(
    ("old", "new", "place", "fragment"),
    [
        ('"specs"', '"spec"', "9:3", "'spec' is no kind of artifact (did you mean 'specs'?)"),
        ('"visa"', '"Visa"', "3:5", "'Visa' cannot be a name"),
        ('"visa"', '"../visa"', "3:5", "cannot be a name"),
        ('"v1.9.0"', '"v01.9.0"', "5:7", "'v01.9.0' cannot be a tag"),
        ('"v1.9.0"', '"1.9.0"', "5:7", "a tag begins with 'v'"),
        (f'"{A}"', '"aa"', "4:18", "visa:v1.10.0 has no usable hash"),
        (f'"{A}"', f'"sha256:{A}"', "4:18", "visa:v1.10.0 has no usable hash"),
        (f'"{A}"', "7", "4:18", "visa:v1.10.0 has no usable hash"),
        ('"scenarios": {}', '"scenarios": []', "8:3", "an object is needed here, not a list"),
        ('"v1.9.0"', '"v1.10.0"', "5:7", "stands here again"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, place: str, fragment: str) -> None:
    assert old in TEXT
    (told,) = problems(TEXT.replace(old, new, 1).encode())
    assert told.startswith(f"store/index.json:{place}: ")
    assert fragment in told


def test_everything_that_is_wrong_is_told() -> None:
    told = problems(TEXT.replace("visa", "Visa").replace("card", "Card").encode())
    assert len(told) == 2


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"x"', b"{}\n{}", b"\xff\xfe{}", b"<<<<<<< ours\n{}"])
def test_what_is_no_index(data: bytes) -> None:
    (told,) = problems(data)
    assert told.startswith("store/index.json")
