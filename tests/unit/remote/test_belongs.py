"""A record that is not of what was asked for, in every way in which it can be another: none is taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.remote.belongs import Asked, Given, asked_of, fits_mask, why_not
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.remote.case import Done, PortableSettings
from pytest_fluxscenario.remote.content import bring
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.runner.suite import Suite
from tests.fakes.packs import failing, scenario, write, write_pack

_NAME = "packs/small/scenarios/all.json"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[Asked, Given]]]:
    """Runs one of two scenarios, and gives what was asked and what came back."""
    root = tmp_path_factory.mktemp("project")
    write_pack(root / "packs" / "small")
    write(root / _NAME, scenario("fine"), failing("wrong"))
    suite, parcel = Suite(str(root), Resolver(str(root))), Parcel()
    for loaded in suite.load(suite.read(str(root / _NAME), _NAME)):
        for row in loaded.rows:
            parcel.add(f"{_NAME}::{row.name}", row, suite.subject(loaded, _NAME), _NAME)
    bench = Bench(blobs_of(str(root / "rack")), "one")

    def run(number: int = 0, *redact: str) -> tuple[Asked, Given]:
        case = parcel.cases[number]
        bring(case, bench.blobs, lambda digest: parcel.content[digest]())
        done = bench.run(case, PortableSettings(redact=redact))
        return asked_of(case), _given(done)

    yield run
    bench.close()
    suite.close()


def _given(done: Done) -> Given:
    return Given(done.record, done.ref, done.verdict, bool(done.redactions))


def _changed(given: Given, change: Callable[[dict[str, Any]], object], *, verdict: str = "") -> Given:
    """As a forger would write it: hash and line are right again."""
    record = json.loads(given.record)
    change(record["result"])
    body = canonical(record["result"])
    ref = sha256_ref(body)
    line = {**record, "ref": ref, "result": msgspec.Raw(body)}
    return replace(given, record=msgspec.json.encode(line).decode(), ref=ref, verdict=verdict or given.verdict)


def test_what_was_asked_for_is_taken(ran: Callable[..., tuple[Asked, Given]]) -> None:
    for number, verdict in enumerate(("passed", "failed")):
        asked, given = ran(number)
        assert (why_not(asked, given), given.verdict) == ("", verdict)
        assert why_not(asked, _changed(given, lambda _: None)) == ""
    asked, given = ran()
    names = tuple(step["name"] for step in json.loads(given.record)["result"]["steps"])
    assert why_not(replace(asked, id="fine", steps=names), given) == ""


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(result: Any) -> None:
        for part in path[:-1]:
            result = result[part]
        result[path[-1]] = to

    return change


_OTHER = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("scenario", "hash", to=_OTHER), "is of another scenario: sha256:000"),
        (_set("scenario", "file", to="else.json"), "is of another file: else.json, and not"),
        (_set("scenario", "row", to="2"), "is of another row: 2, and not none"),
        (_set("scenario", "id", to="other"), "is of another scenario: other, and not fine"),
        (_set("profile", "hash", to=_OTHER), "is of another profile"),
        (_set("profile", "version", to="9.9.9"), "is of another profile"),
        (_set("profile", "source", to="else"), "is of another profile"),
        (_set("specs", to=[{"ref": "a:1", "hash": _OTHER}]), "is of another spec: a:1 sha256:000"),
        (_set("steps", 0, "index", to=2), "is of another scenario"),
        (_set("steps", 0, "name", to="other"), "is of another scenario"),
        (lambda result: result["steps"].append(result["steps"][0]), "is of another scenario"),
        (lambda result: result["steps"].clear(), "is of another scenario"),
        (_set("steps", 0, "verdict", to="skipped"), "has another verdict than its steps"),
        (_set("steps", 0, "mismatches", to=[{"field": "status", "expected": 1}]), "has another verdict"),
        (_set("verdict", to="failed"), "has another verdict than its steps"),
        (_set("verdict", to="great"), "has another shape"),
        (lambda result: result.pop("profile"), "has another shape"),
    ],
)
def test_what_was_not_asked_for_is_not(
    ran: Callable[..., tuple[Asked, Given]], change: Callable[[dict[str, Any]], object], said: str
) -> None:
    asked, given = ran()
    names = tuple(step["name"] for step in json.loads(given.record)["result"]["steps"])
    asked = replace(asked, id="fine", steps=names)
    assert said in why_not(asked, _changed(given, change))
    # Saying that something was redacted does not make it right: there is no mask.
    assert said in why_not(asked, replace(_changed(given, change), redacted=True))


def test_a_verdict_that_is_said_beside_the_record_is_the_record_s(ran: Callable[..., tuple[Asked, Given]]) -> None:
    asked, given = ran(1)
    assert "another verdict" in why_not(asked, replace(given, verdict="passed"))
    turned = _changed(given, _set("verdict", to="passed"), verdict="passed")
    assert "has another verdict than its steps" in why_not(asked, turned)


def test_a_record_of_another_item_and_one_that_was_edited(ran: Callable[..., tuple[Asked, Given]]) -> None:
    asked, given = ran()
    assert "is of another scenario" in why_not(replace(asked, item="other"), given)
    assert "is of another scenario" in why_not(asked, ran(1)[1])
    assert "is not the one that its hash says" in why_not(asked, replace(given, ref=_OTHER))
    edited = given.record.replace('"passed"', '"failed"')
    assert "is not the one that its hash says" in why_not(asked, replace(given, record=edited))
    for record in ("", "{}", "[" * 100_000, given.record + " ", given.record.replace(".v1", ".v2"), "\ud800"):
        assert why_not(asked, replace(given, record=record))


def test_a_mask_stands_for_what_was_redacted_and_nothing_else(ran: Callable[..., tuple[Asked, Given]]) -> None:
    asked, given = ran(0, "small")
    assert "[redacted]" in given.record
    assert why_not(asked, given) == ""
    # Who says that nothing was redacted has no masks.
    assert "is of another" in why_not(asked, replace(given, redacted=False))
    assert "is of another" in why_not(replace(asked, file="packs/huge.json"), given)


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("[redacted]", True),
        ("a[redacted]", True),
        ("[redacted]c", True),
        ("a[redacted]c", True),
        ("[redacted]b[redacted]", True),
        ("abc", False),
        ("x[redacted]", False),
        ("[redacted]x", False),
        ("[redacted]x[redacted]", False),
        ("abc[redacted]c", False),
        ("ab[redacted]bc", False),
        ("[redacted]" * 100_000, True),
        ("a" + "[redacted]a" * 100_000, False),
    ],
)
def test_masks(said: str, fits: bool) -> None:
    assert fits_mask(said, "abc") is fits
