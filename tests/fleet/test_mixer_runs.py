"""A run on a Mixer: submitted, handed out, stored once, each scenario accounted for."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.message import Evidence, Work
from pytest_fluxscenario.fleet.messages.subjects import WORK_STREAM, work
from pytest_fluxscenario.fleet.messages.wire import decode_as
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.history.tables import DatabaseError
from pytest_fluxscenario.fleet.mixer.runs.handing import Handing
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.remote.api import Again, ItemDone, RunInfo, Submission
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.remote.client import Client, MixerError
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.remote.unpack import read_record
from pytest_fluxscenario.runner.suite import Suite
from tests.fakes.fleet import FakeRack, MemorySnake, RunningMixer, running_mixer
from tests.fakes.memory import Hub
from tests.fakes.packs import failing, scenario, write, write_pack
from tests.fakes.waiting import PATIENCE


def parcel_of(root: Path, *documents: object) -> Parcel:
    """Scenarios of the pack ``small``, packed up."""
    write_pack(root / "packs" / "small")
    write(root / "packs/small/scenarios/all.json", *documents)
    suite, parcel, name = Suite(str(root), Resolver(str(root))), Parcel(), "packs/small/scenarios/all.json"
    for loaded in suite.load(suite.read(str(root / name), name)):
        for row in loaded.rows:
            parcel.add(f"{name}::{row.name}", row, suite.subject(loaded, name), name)
    return parcel


def send(client: Client, parcel: Parcel, run: str = "") -> RunInfo:
    """Submit it, with the content that the Mixer lacks."""
    lacking = client.lacks(tuple(parcel.content))
    assert client.give_several([parcel.content[digest]() for digest in lacking]) == lacking
    assert client.lacks(tuple(parcel.content)) == ()
    return client.submit(run or secrets.token_hex(16), Submission(tool(), tuple(parcel.cases)))


def all_of(client: Client, run: str, seconds: float = PATIENCE) -> list[ItemDone]:
    """The records of a run, when all of them are there."""
    found: list[ItemDone] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = client.records(run, len(found), 1)
        found += said.records
        if said.state != "running":
            return found
    raise AssertionError(f"only {len(found)} records after {seconds} seconds")


def test_a_run_on_two_racks_accounts_for_each_scenario(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(20)], failing())
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        one, two = mixer.start("one"), mixer.start("two")
        info = send(client, parcel)
        assert (info.total, info.state) == (21, "running")
        done = all_of(client, info.run)
        assert sorted(item.item for item in done) == sorted(case.item for case in parcel.cases)
        assert [item.number for item in done] == list(range(1, 22))
        assert {item.rack for item in done} == {"one", "two"}
        assert len(one.taken) + len(two.taken) == 21
        info = client.run(info.run)
        assert info.verdicts == {"passed": 20, "failed": 1}
        assert info.state == "finished"
        assert [run.run for run in client.runs()] == [info.run]
        assert {read_record(item).result.profile.id for item in done} == {"small"}


def test_records_that_come_one_by_one_are_told_in_handfuls(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(40)])

    async def answers(rack: FakeRack, runs: Runs, run: str) -> tuple[list[int], float]:
        await rack.hello()

        first = asyncio.Event()

        async def come() -> None:
            for case in parcel.cases:
                said = Evidence(rack="one", item=case.item, attempt=1, outcome="refused")
                await runs.take([(run, rack.signed(said, run, runs.acceptance.tickets))])
                await first.wait()
                await asyncio.sleep(0.002)

        begun = asyncio.get_running_loop().time()
        coming, told = asyncio.create_task(come()), list[int]()
        while sum(told) < 40:
            told.append(len((await runs.since(run, sum(told), 5))[1]))
            first.set()
        await coming
        return told, asyncio.get_running_loop().time() - begun

    with running_mixer(tmp_path) as mixer:
        info = send(mixer.client(), parcel)
        assert mixer.mixer.service is not None
        told, took = mixer.do(answers(mixer.rack(), mixer.mixer.service.runs, info.run))
        # The first is not waited with, nor is the last; in between a twentieth of a second is gathered.
        assert told[0] == 1
        assert len(told) <= 2 + took / 0.05


def test_records_are_asked_for_by_name(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(5)])
    items = [case.item for case in parcel.cases]
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        assert mixer.mixer.service is not None
        runs, rack = mixer.mixer.service.runs, mixer.rack()
        mixer.do(rack.hello())

        def come(*numbers: int) -> None:
            said = [Evidence(rack="one", item=items[number], attempt=1, outcome="refused") for number in numbers]
            mixer.do(runs.take([(run, rack.signed(one, run, runs.acceptance.tickets)) for one in said]))

        def wanted(wait: float, *numbers: int) -> list[int]:
            said = client.wanted(run, [(items[number], 1) for number in numbers], wait)
            assert (said.total, said.state) == (5, "running")
            return [items.index(done.item) for done in said.records]

        come(3, 1)
        assert wanted(30, 1, 2) == [1]
        # One that is asked for twice, and attempts and items that there are not, make no difference.
        assert wanted(30, 3, 3, 1) == [3, 1]
        assert client.wanted(run, [("none", 1), (items[1], 2)], 0).records == ()
        # What is there is given where the first does not come in time.
        assert wanted(0.05, 0, 1) == [1]
        later = threading.Timer(0.3, come, (0,))
        later.start()
        assert wanted(30, 0, 2, 3) == [3, 0]
        later.join()
        for bad in ([], [("x", 1)] * 501):
            with pytest.raises(MixerError, match="1 to 500 at a time"):
                client.wanted(run, bad, 0)


def test_a_large_run_is_handed_out_while_nobody_waits(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(300)])

    async def handed_out_at_once(runs: Runs, run: str) -> int:
        await runs.submit(run, Submission(tool(), tuple(parcel.cases)))
        return len((await runs.table.get(run)).published)

    async def waiting_when_cancelled_at_once(runs: Runs, run: str) -> int:
        await handed_out_at_once(runs, run)
        await runs.cancel(run)
        if rest := list(runs.handing._under_way.values()):
            await asyncio.wait(rest)
        return await runs.handing.transport.waiting(WORK_STREAM, work("default").subject)

    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        assert client.give_several([read() for read in parcel.content.values()])
        assert mixer.mixer.service is not None
        runs = mixer.mixer.service.runs
        assert mixer.do(waiting_when_cancelled_at_once(runs, "cancelled-at-once")) == 0
        assert 0 < mixer.do(handed_out_at_once(runs, "and-the-rest-follows")) < 300
        mixer.start("one")
        assert len(all_of(client, "and-the-rest-follows")) == 300


def test_the_same_submission_is_the_same_run_and_another_is_refused(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"), scenario("b"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        first = send(client, parcel, "run-of-a-session")
        assert send(client, parcel, "run-of-a-session") == first
        parcel.cases.pop()
        with pytest.raises(MixerError, match="the run run-of-a-session is there already, with other scenarios"):
            send(client, parcel, "run-of-a-session")
        mixer.start()
        assert len(all_of(client, first.run)) == 2


def test_what_is_published_twice_is_stored_once(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(5)])
    with running_mixer(tmp_path) as mixer:
        rack = mixer.start(times=3)
        client = mixer.client()
        info = send(client, parcel)
        assert len(all_of(client, info.run)) == 5
        assert len(rack.taken) == 5
        assert client.run(info.run).done == 5


def test_what_a_dead_rack_held_goes_to_another(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(6)])
    with running_mixer(tmp_path, work={"ack_wait": 0.5}) as mixer:
        client = mixer.client()
        dying = mixer.start("dying", before=lambda _work: False)
        info = send(client, parcel)
        while not dying.taken:
            time.sleep(0.01)
        mixer.start("living")
        done = all_of(client, info.run)
        assert {item.rack for item in done} == {"living"}
        assert dying.taken[0] in {item.item for item in done}


def test_a_cancelled_run_gives_no_more_work(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(30)])
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        info = send(client, parcel)
        assert client.cancel(info.run).state == "cancelled"
        assert client.cancel(info.run).state == "cancelled"
        rack = mixer.start()
        # What was asked for later is what it is given first.
        later = Submission(tool(), tuple(parcel.cases[:1]))
        all_of(client, client.submit("asked-for-later", later).run)
        assert rack.taken == [parcel.cases[0].item]
        with pytest.raises(MixerError, match=r"was cancelled|no attempt before it"):
            client.again(info.run, Again(parcel.cases[0].item, 2))


def test_whoever_waits_for_a_run_hears_that_it_was_cancelled_also_while_the_snake_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def withdraw(handing: Handing, run: Run) -> None:
        raise SnakeError.of("snake.failed", Place(""), "the Snake is away")

    async def cancelled(runs: Runs, run: str) -> str:
        waiting = asyncio.create_task(runs.since(run, 0, 30))
        await asyncio.sleep(0)
        with pytest.raises(SnakeError):
            await runs.cancel(run)
        async with asyncio.timeout(PATIENCE):
            return (await waiting)[0].state

    monkeypatch.setattr(Handing, "withdraw", withdraw)
    with running_mixer(tmp_path) as mixer:
        info = send(mixer.client(), parcel_of(tmp_path, scenario("one")))
        assert mixer.mixer.service is not None
        assert mixer.do(cancelled(mixer.mixer.service.runs, info.run)) == "cancelled"


def test_a_run_whose_records_cannot_be_stored_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Runs.take

    async def take(runs: Runs, evidence: Iterable[tuple[str, Evidence]]) -> list[ItemDone]:
        several = list(evidence)
        if several[0][0] == "run-that-fails":
            raise DatabaseError.of("database.failed", Place(""), "the row is damaged")
        return await real(runs, several)

    async def both_at_once(rack: FakeRack) -> None:
        """Publish what came of both before the Mixer can take any of it."""
        await rack.hello()
        bench = Bench(blobs_of(str(rack.folder)), rack.name)
        said = []
        for delivery in await rack.transport.take(work("default"), 2, 5):
            message, asked = decode_as(Work, delivery.data)
            said.append((message.run, await rack._done(bench, message.run, asked)))
            await delivery.ack()
        for run, evidence in sorted(said, key=lambda one: one[0] != "run-that-fails"):
            await rack._publish(run, evidence, 0)

    with running_mixer(tmp_path, work={"ack_wait": 0.5}) as mixer:
        client = mixer.client()
        parcel = parcel_of(tmp_path, scenario("one"))
        send(client, parcel, "run-that-fails")
        client.submit("run-that-goes-on", Submission(tool(), tuple(parcel.cases)))
        with monkeypatch.context() as patch:
            patch.setattr(Runs, "take", take)
            mixer.do(both_at_once(mixer.rack()))
            assert [one.verdict for one in all_of(client, "run-that-goes-on")] == ["passed"]
            assert client.run("run-that-fails").state == "running"
        assert [one.verdict for one in all_of(client, "run-that-fails")] == ["passed"]


def test_a_rack_of_which_the_snake_did_not_hear_is_let_in_with_its_next_hello(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[str]] = []

    async def reload(snake: MemorySnake, accounts: Accounts) -> None:
        told.append(sorted(accounts.racks))
        if len(told) < 3:
            raise SnakeError.of("snake.server", Place(""), "the NATS server does not run")

    monkeypatch.setattr(MemorySnake, "reload", reload)
    with running_mixer(tmp_path) as mixer:
        rack = mixer.rack()
        said = [mixer.do(rack.hello()).kind for _ in range(4)]
    # Who changes nothing is welcome all the same: another's account may be what the Snake does not take.
    assert said == ["refusal", "welcome", "welcome", "welcome"]
    assert told == [["one"]] * 3


def test_a_mixer_that_is_started_again_goes_on_with_its_runs(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(12)])
    hub = Hub()
    with running_mixer(tmp_path, hub=hub, work={"ack_wait": 0.5}) as mixer:
        client = mixer.client()
        seen: list[str] = []

        def dies_at_the_sixth(work: Work) -> bool:
            seen.append(work.case.item)
            return len(seen) <= 5

        mixer.start(before=dies_at_the_sixth)
        info = send(client, parcel)
        while client.run(info.run).done < 5:
            time.sleep(0.01)
    # What lives on is the database, and what the server of the Snake keeps; a condition belongs to a loop.
    hub.changed = asyncio.Condition()
    hub.listeners.clear()
    with running_mixer(tmp_path, hub=hub, work={"ack_wait": 0.5}) as mixer:
        client = mixer.client()
        assert mixer.mixer.resumed == 1
        assert client.run(info.run).done == 5
        mixer.start("later")
        done = all_of(client, info.run)
        assert len(done) == 12
        assert len({item.item for item in done}) == 12
    with running_mixer(tmp_path) as mixer:
        assert mixer.mixer.resumed == 0
        assert [(run.state, run.done) for run in mixer.client().runs()] == [("finished", 12)]


def test_a_further_attempt_has_a_record_of_its_own(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, failing("a"))
    with running_mixer(tmp_path) as mixer:
        mixer.start()
        client = mixer.client()
        info = send(client, parcel)
        all_of(client, info.run)
        with pytest.raises(MixerError, match="attempt 3 has no attempt before it that has ended"):
            client.again(info.run, Again(parcel.cases[0].item, 3))
        assert client.again(info.run, Again(parcel.cases[0].item, 2)).total == 2
        assert [item.attempt for item in all_of(client, info.run)] == [1, 2]
        with pytest.raises(MixerError, match="the run has no scenario 'nobody'"):
            client.again(info.run, Again("nobody", 2))


def _refusals(mixer: RunningMixer, parcel: Parcel) -> list[tuple[Submission, str]]:
    good = Submission(tool(), tuple(parcel.cases))
    case = parcel.cases[0]
    change = msgspec.structs.replace
    no_hash = change(case, content="../../etc/passwd")
    no_tree = change(case, pack=change(case.pack, hash=case.content))
    return [
        (change(good, cases=()), "the run has no scenario"),
        (change(good, pool="nowhere"), "there is no pool 'nowhere' .known: default"),
        (change(good, cases=(case, case)), "two scenarios of the run have one id"),
        (
            change(good, tool="pytest-fluxscenario 9.9.9"),
            "this is pytest-fluxscenario 9.9.9, and the Mixer is pytest-flux",
        ),
        (change(good, cases=(change(case, content="0" * 64),)), "the content of 1 hashes is not here, such as 000"),
        (change(good, cases=(no_hash,)), "a hash is 64 lowercase hex digits"),
        (change(good, cases=(no_tree,)), "is no tree of files"),
        (change(good, settings=change(good.settings, redact=("(",))), "is no regular expression"),
        (change(good, settings=change(good.settings, limits=("depth=0",))), "not a number for the limit depth"),
    ]


def test_what_cannot_be_run_is_refused_in_a_line(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        send(client, parcel)
        for submission, said in _refusals(mixer, parcel):
            with pytest.raises(MixerError, match=said) as refused:
                client.submit(secrets.token_hex(16), submission)
            assert "\n" not in str(refused.value)
        with pytest.raises(MixerError, match="there is no run"):
            client.run("abcdefgh12345678")


def test_a_run_larger_than_the_queue_is_taken_and_handed_out_as_there_is_room(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(100)])
    # A scenario and its ticket make some 2 KB.
    with running_mixer(tmp_path, snake={"queue_bytes": 60_000}, work={"ack_wait": 0.5}) as mixer:
        client = mixer.client()
        info = send(client, parcel)
        assert (info.state, info.total) == ("running", 100)
        work_stream = mixer.hub.streams["flux-work"]
        assert 10 < len(work_stream.kept) < 100
        mixer.start()
        done = all_of(client, info.run)
        assert len({item.item for item in done}) == len(done) == 100
        assert client.run(info.run).verdict == "passed"
