"""A run that is submitted in parts: of any size, as one document would be, and refused as one would be."""

from __future__ import annotations

import asyncio
import secrets
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.mixer.history.asked import AskedTable
from pytest_fluxscenario.fleet.mixer.runs.check import MOST_CASES
from pytest_fluxscenario.fleet.mixer.runs.submitted import asked_of
from pytest_fluxscenario.remote.api import Submission
from pytest_fluxscenario.remote.case import PortableCase
from pytest_fluxscenario.remote.client import Client, MixerError
from pytest_fluxscenario.remote.parts import MOST_PART, parts_of
from tests.fakes.fleet import running_mixer
from tests.fakes.packs import scenario
from tests.fleet.test_mixer_runs import all_of, parcel_of


def _give(client: Client, parts: Iterable[bytes]) -> Submission:
    """Send the parts; a submission of them."""
    return Submission(tool(), (), parts=tuple(client.give_several([part])[0] for part in parts))


def _many(case: PortableCase, count: int) -> list[PortableCase]:
    return [structs.replace(case, item=f"{case.item}-{number:06}") for number in range(count)]


def test_parts_are_bounded_and_hold_all_in_order(tmp_path: Path) -> None:
    case = parcel_of(tmp_path, scenario("a")).cases[0]
    many = [*_many(case, 1_200), *[structs.replace(one, skip="x" * 400_000) for one in _many(case, 3)]]
    parts = list(parts_of(many))
    assert [len(msgspec.json.decode(part)) for part in parts] == [500, 500, 202, 1]
    assert all(len(part) <= 1 << 20 for part in parts)
    assert [one for part in parts for one in msgspec.json.decode(part, type=list[PortableCase])] == many
    assert list(parts_of([])) == []


def test_a_run_in_parts_runs_as_another_does_and_is_the_same_once_more(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(7)])
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        client.give_several([read() for read in parcel.content.values()])
        submission = _give(client, [*parts_of(parcel.cases[:4]), *parts_of(parcel.cases[4:])])
        first = client.submit("run-in-parts", submission)
        assert (first.total, first.gears) == (7, {"engine": 7})
        assert client.submit("run-in-parts", submission).total == 7
        with pytest.raises(MixerError, match="the run run-in-parts is there already, with other scenarios"):
            client.submit("run-in-parts", structs.replace(submission, parts=submission.parts[:1]))
        mixer.start()
        assert {done.item for done in all_of(client, "run-in-parts")} == {case.item for case in parcel.cases}


def test_parts_that_cannot_be_used_are_refused_in_a_line(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    case = parcel.cases[0]
    text = msgspec.json.encode(case)
    twice = text.replace(b'{"item":', b'{"item":"other","item":', 1)
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        client.give_several([read() for read in parcel.content.values()])
        deep = b"[" * 10_000 + b"]" * 10_000
        refusals: list[tuple[bytes, str]] = [
            (b"[]", "the run has no scenario"),
            (b"no JSON", "of the run is no list of scenarios"),
            (b"", "of the run is larger than|of the run is no list"),
            (text, "of the run is no list of scenarios: Expected `array`"),
            (b"[" + twice + b"]", "of the run is no list of scenarios: the key 'item' stands here again"),
            (deep, "of the run is no list of scenarios"),
            (b"[" + text + b"," + text + b"]", "two scenarios of the run have one id: .*a"),
            (b"[" + text + b" " * MOST_PART + b"]", f"of the run is larger than {MOST_PART} bytes"),
            (next(parts_of([structs.replace(case, gear="../no")])), "is no name of a gear"),
            (next(parts_of([structs.replace(case, content="0" * 64)])), "the content of 1 hashes is not here"),
        ]
        for part, said in refusals:
            with pytest.raises(MixerError, match=said) as refused:
                client.submit(secrets.token_hex(16), _give(client, [part]))
            assert "\n" not in str(refused.value)
        missing = Submission(tool(), (), parts=(sha256(b"never sent"),))
        with pytest.raises(MixerError, match="of the run is not here"):
            client.submit(secrets.token_hex(16), missing)
        with pytest.raises(MixerError, match="a hash is 64 lowercase hex digits"):
            client.submit(secrets.token_hex(16), structs.replace(missing, parts=("../../etc/passwd",)))
        # What comes twice in two parts, or in the document and a part.
        once = client.give_several(list(parts_of([case])))[0]
        for again in (Submission(tool(), (case,), parts=(once,)), Submission(tool(), (), parts=(once, once))):
            with pytest.raises(MixerError, match="two scenarios of the run have one id"):
                client.submit(secrets.token_hex(16), again)
        assert client.runs() == []


def test_a_run_has_a_bound_however_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fluxscenario.fleet.mixer.runs.submitted.MOST_CASES", 3)
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        client.give_several([read() for read in parcel.content.values()])
        first, second = (
            list(parts_of([one, two])) for one, two in zip(*[iter(_many(parcel.cases[0], 4))] * 2, strict=True)
        )
        with pytest.raises(MixerError, match=r"the run has more than 3 scenarios \(run several sessions\)"):
            client.submit(secrets.token_hex(16), _give(client, [*first, *second]))
        assert client.submit(secrets.token_hex(16), _give(client, first)).total == 2
    assert MOST_CASES >= 30_000


@pytest.mark.parametrize("count", [3_000, pytest.param(25_000, marks=pytest.mark.slow)])
def test_a_large_run_is_read_in_little_memory(tmp_path: Path, count: int) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    many = _many(parcel.cases[0], count)
    whole = sum(map(len, parts_of(many)))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        client.give_several([read() for read in parcel.content.values()])
        submission = _give(client, parts_of(many))
        del many
        assert mixer.mixer.service is not None
        content = mixer.mixer.service.content
        tracemalloc.start()
        table: AskedTable = asyncio.run(asked_of(submission, content))
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        info = client.submit("a-large-run-of-many", submission)
        assert (info.total, client.cancel(info.run).state) == (count, "cancelled")
    assert len(table) == count
    # What is held is less than what was sent, and on the way there is never more than some parts beside it.
    assert held < whole
    assert peak < held + 8 * MOST_PART
