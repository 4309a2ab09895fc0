"""The grammar of names, tags, hashes and refs (store.md; faults.md, "Names, refs, packs")."""

from __future__ import annotations

import string
import time
from itertools import pairwise

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.names import (
    HashRef,
    TagRef,
    hash_fault,
    name_fault,
    parse_ref,
    scenario_id_fault,
    tag_fault,
    tag_order,
)

HASH = "0123456789abcdef" * 4
HOSTILE = [
    *(
        "",
        " ",
        ".",
        "..",
        "../a",
        "a/b",
        "a\\b",
        "a:b",
        "a b",
        "a\n",
        "\na",
        "a\r\n",
        "a\0b",
        "a*",
        ">",
        "*",
        "$a",
        "a%2f",
    ),
    *("é", "\u0430bc", "a\u200bb", "\u202ea", "\uff41", "a\u0301", "\uff11"),
]


@pytest.mark.parametrize(
    "name", ["a", "0", "a.b", "a_b", "a-b", "a--b", "a..b", "0.1", "console", "com", "com10", "x" * 64]
)
def test_names_that_are_good(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize("name", [*HOSTILE, "A", "-a", "_a", ".a", "x" * 65, "a" * 100_000])
def test_names_that_break_the_grammar(name: str) -> None:
    assert name_fault(name) == ("a name is 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or a digit")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.", "a name does not end with a dot"),
        ("latest", "'latest' is the word for the highest tag, not a name"),
        ("sha256", "'sha256' is what a ref by hash begins with, not a name"),
        *(
            (name, "the name is a device on Windows")
            for name in ("con", "nul", "aux", "prn", "com1", "lpt9", "nul.a.b")
        ),
    ],
)
def test_names_that_mean_something_else(name: str, says: str) -> None:
    assert name_fault(name) == says


@given(st.text(alphabet=string.printable + "é\u200b", max_size=70))
def test_a_good_name_is_safe_in_a_path_a_subject_and_a_url(name: str) -> None:
    if name_fault(name) is None:
        assert set(name) <= set(string.ascii_lowercase + string.digits + "._-")
        assert name[0].isalnum()
        assert not name.endswith(".")
        assert 1 <= len(name) <= 64


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "v0.0.0",
            "v1.0.0",
            "v1.10.0",
            "v999999999.0.0",
            "v1.0.0-a",
            "v1.0.0-0",
            "v1.0.0-rc.1",
            "v1.0.0--",
            "v1.0.0-0a",
        ),
        *("v1.0.0-a.b.1.2-3", "v1.0.0-999999999", "v1.0.0-01a", "v1.0.0-" + "a" * 57),
    ],
)
def test_tags_that_are_good(tag: str) -> None:
    assert tag_fault(tag) is None
    assert str(tag_order(tag)) == tag[1:]


@pytest.mark.parametrize(
    "tag",
    [
        *(name for name in HOSTILE if name),
        *("v", "v1", "v1.0", "v1.0.0.0", "V1.0.0", "vv1.0.0", "v01.0.0", "v1.00.0", "v1.0.01", "v-1.0.0", "v1.0.0-"),
        *("v1.0.0-01", "v1.0.0-a..b", "v1.0.0-.a", "v1.0.0-a.", "v1.0.0+build", "v1.0.0-a+b", "v1000000000.0.0"),
        *("v1.0.0-1000000000", "v1.0.0-" + "a" * 58, "v1.0.0\n", "v\uff11.0.0", "v1.0.0-é", "v1.0.0-a_b"),
    ],
)
def test_tags_that_break_the_grammar(tag: str) -> None:
    assert tag_fault(tag) == "a tag is SemVer with a leading 'v', like v1.0.0 or v2.1.0-rc.1, without build metadata"
    with pytest.raises(ValueError, match="SemVer with a leading 'v'"):
        tag_order(tag)


def test_a_tag_without_its_v_is_told_so() -> None:
    assert tag_fault("1.2.3-rc.1") == "a tag begins with 'v': v1.2.3-rc.1"
    assert tag_fault("latest") == "'latest' is computed from the tags and cannot be given to one"


def test_the_order_is_that_of_semver() -> None:
    """SemVer 2.0.0, 11, and a release beyond nine of its kind."""
    rising = [
        *(
            "v0.9.9",
            "v1.0.0-1",
            "v1.0.0-2",
            "v1.0.0-10",
            "v1.0.0-alpha",
            "v1.0.0-alpha.1",
            "v1.0.0-alpha.beta",
            "v1.0.0-beta",
        ),
        *("v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0", "v1.0.1", "v1.9.0", "v1.10.0", "v2.0.0"),
    ]
    for lower, higher in pairwise(rising):
        assert tag_order(lower) < tag_order(higher)
    assert sorted(sorted(rising), key=tag_order) == rising


small = st.integers(0, 12)
identifiers = st.from_regex(r"\A(?:0|[1-9][0-9]{0,2}|[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3})\Z")


@given(small, small, small, st.lists(identifiers, max_size=3))
def test_whatever_semver_reads_with_small_numbers_is_a_tag(major: int, minor: int, patch: int, pre: list[str]) -> None:
    version = semver.Version(major, minor, patch, ".".join(pre) or None)
    assert tag_fault(f"v{version}") is None
    assert tag_order(f"v{version}") == version


@pytest.mark.parametrize(
    "text", ["v1.0.0-" + "0" * 200_000, "v1.0.0-" + "1-" * 100_000, "v" + "1" * 200_000, "a." * 100_000]
)
def test_a_long_text_is_judged_at_once(text: str) -> None:
    start = time.process_time()
    assert tag_fault(text) is not None
    assert name_fault(text) is not None
    assert scenario_id_fault(text) is not None
    assert isinstance(parse_ref(text), str)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "digest", ["", HASH[:-1], HASH + "0", HASH.upper(), "g" * 64, HASH + "\n", "\uff10" * 64, "sha256:" + HASH]
)
def test_hashes(digest: str) -> None:
    assert hash_fault(HASH) is None
    assert hash_fault(digest) == "a hash is 64 lowercase hex digits"


@pytest.mark.parametrize("name", ["a", "A-1", "x.y_z", "0", "x" * 128])
def test_scenario_ids_that_are_good(name: str) -> None:
    assert scenario_id_fault(name) is None


@pytest.mark.parametrize("name", [*HOSTILE, "a::b", "a[1]", "a@b", "-a", "_a", "x" * 129])
def test_scenario_ids_that_are_not(name: str) -> None:
    assert "1 to 128 of A-Z" in (scenario_id_fault(name) or "")


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("a:v1.0.0", TagRef("a", "v1.0.0")),
        ("a.b-c:latest", TagRef("a.b-c", "latest")),
        (f"sha256:{HASH}", HashRef(HASH)),
    ],
)
def test_refs(text: str, ref: TagRef | HashRef) -> None:
    assert parse_ref(text) == ref
    assert str(ref) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is no ref: write name:tag, name:latest or sha256:hash"),
        ("a", "'a' is no ref: write name:tag, name:latest or sha256:hash"),
        ("A:v1.0.0", "in 'A:v1.0.0' a name is 1 to 64"),
        ("../x:v1.0.0", "in '../x:v1.0.0' a name is 1 to 64"),
        ("latest:latest", "'latest' is the word for the highest tag, not a name"),
        ("a:1.0.0", "in 'a:1.0.0' a tag begins with 'v': v1.0.0"),
        ("a:", "in 'a:' a tag is SemVer"),
        ("a:v1.0.0:x", "in 'a:v1.0.0:x' a tag is SemVer"),
        ("a:Latest", "a tag is SemVer"),
        ("sha256:abc", "a hash is 64 lowercase hex digits"),
        ("sha256:v1.0.0", "a hash is 64 lowercase hex digits"),
        (f"sha256:{HASH.upper()}", "a hash is 64 lowercase hex digits"),
        ("\x1b[2J", "'\\x1b[2J' is no ref"),
    ],
)
def test_what_is_no_ref_is_told_why(text: str, says: str) -> None:
    fault = parse_ref(text)
    assert isinstance(fault, str)
    assert says in fault
