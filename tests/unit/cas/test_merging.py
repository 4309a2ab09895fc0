"""Merging two indexes that grew apart: what comes of each entry, and what is left of a dispute."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.cas.index import KINDS, Index, Kind
from pytest_fluxscenario.cas.merging import Merged, merge_indexes

FILE = "store/index.json"
A, B, C = ("a" * 64, "b" * 64, "c" * 64)
_HUNK = re.compile(rb"<<<<<<< ours\n(.*?)=======\n(.*?)>>>>>>> theirs\n", re.DOTALL)

Filed = dict[tuple[Kind, str, str], str]


def index(filed: Filed) -> bytes:
    names: dict[Kind, dict[str, dict[str, str]]] = {}
    for (kind, name, tag), digest in filed.items():
        names.setdefault(kind, {}).setdefault(name, {})[tag] = digest
    return Index(names).to_bytes()


def card(digest: str | None) -> Filed:
    return {} if digest is None else {("specs", "card", "v1.0.0"): digest}


def merged(base: Filed, ours: Filed, theirs: Filed) -> Merged:
    return merge_indexes(index(base), index(ours), index(theirs), FILE)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        (None, A, A, A),
        (None, A, None, A),
        (None, None, A, A),
        (A, A, A, A),
        (A, None, A, None),
        (A, A, None, None),
        (A, None, None, None),
    ],
)
def test_what_comes_of_an_entry(base: str | None, ours: str | None, theirs: str | None, result: str | None) -> None:
    found = merged(card(base), card(ours), card(theirs))
    assert (found.data, found.problems, found.clean) == (index(card(result)), (), True)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [(None, A, B), (A, A, B), (A, B, A), (A, B, C), (A, None, B), (A, B, None)],
)
def test_a_tag_with_two_contents_is_a_dispute_whoever_made_it(
    base: str | None, ours: str | None, theirs: str | None
) -> None:
    found = merged(card(base), card(ours), card(theirs))
    assert (found.clean, found.damaged) == (False, False)
    (problem,) = found.problems
    said = ["removed" if digest is None else f"sha256:{digest[:12]}…" for digest in (ours, theirs)]
    assert problem.message == f"the spec card:v1.0.0 is {said[0]} in ours and {said[1]} in theirs; a tag is immutable"
    assert found.data.split(b"\n")[problem.place.line - 1] == b"<<<<<<< ours"
    with pytest.raises(DamageError, match="a git conflict marker, <<<<<<<"):
        Index.parse(found.data, FILE)


_FILED = st.dictionaries(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b"]), st.sampled_from(["v1.0.0", "v1.1.0", "v2.0.0"])),
    st.sampled_from([A, B]),
)


@settings(max_examples=300, deadline=None)
@given(_FILED, _FILED, _FILED)
def test_every_entry_is_judged_for_itself_and_each_side_of_the_rest_is_an_index(
    base: Filed, ours: Filed, theirs: Filed
) -> None:
    found = merged(base, ours, theirs)
    left: Filed = {}
    right: Filed = {}
    disputes = 0
    for key in {*ours, *theirs}:
        alone = merged(*({key: filed[key]} if key in filed else {} for filed in (base, ours, theirs)))
        disputes += not alone.clean
        if not alone.clean:
            left |= {key: ours[key]} if key in ours else {}
            right |= {key: theirs[key]} if key in theirs else {}
        elif alone.data != index({}):
            left[key] = right[key] = (ours | theirs)[key]
    assert len(found.problems) == disputes
    assert _HUNK.sub(rb"\1", found.data) == index(left)
    assert _HUNK.sub(rb"\2", found.data) == index(right)
    hunks = [found.data.count(b"\n", 0, hunk.start()) + 1 for hunk in _HUNK.finditer(found.data)]
    assert {problem.place.line for problem in found.problems} <= set(hunks)


def test_latest_tags_of_other_tools_are_passed_over_as_by_an_import() -> None:
    other = index(card(A)).replace(b'"v1.0.0"', b'"latest": "' + B.encode() + b'",\n      "v1.0.0"')
    assert merge_indexes(other, other, other, FILE).data == index(card(A))


def test_what_is_no_index_stands_beside_the_other_side() -> None:
    whole = index(card(A))
    for broken in (b"", b"{", whole[:-20], b"<<<<<<< x\n" + whole):
        found = merge_indexes(whole, broken, whole, FILE)
        assert found.damaged
        assert found.problems[0].place.file == f"ours:{FILE}"
        ended = broken if not broken or broken.endswith(b"\n") else broken + b"\n"
        assert found.data == b"<<<<<<< ours\n" + ended + b"=======\n" + whole + b">>>>>>> theirs\n"
        with pytest.raises(DamageError, match="a git conflict marker, <<<<<<<"):
            Index.parse(found.data, FILE)


def test_a_base_that_is_no_index_removes_nothing() -> None:
    found = merge_indexes(b"<<<<<<<\n", index(card(A)), index({}), FILE)
    assert (found.data, found.clean, [one.severity for one in found.problems]) == (index(card(A)), True, ["warning"])
