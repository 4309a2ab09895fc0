"""Scenarios that go together: what says the same as each alone, which ones do, and that none is at another's mercy."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pytest_fluxscenario.fleet.messages.errors import MessageError
from pytest_fluxscenario.fleet.messages.handful import MOST, findings_in, once_key_of, together, works_in
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.messages.message import Body, Evidence, Findings, Handful, Work
from pytest_fluxscenario.fleet.messages.passport import is_evidence_of, sign_evidence
from pytest_fluxscenario.fleet.messages.subjects import EVIDENCE, evidence, work
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.rack.config import LinkConfig, RackConfig
from pytest_fluxscenario.fleet.rack.rack import Rack
from pytest_fluxscenario.fleet.rack.slot import Slot
from pytest_fluxscenario.fleet.rack.state import RackState
from pytest_fluxscenario.fleet.snake.transport import Delivery, Transport
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.remote.case import Done, PortableCase, PortableSettings
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.runner.suite import Suite
from tests.fakes.fleet import RunningMixer, running_mixer
from tests.fakes.memory import Hub, MemoryTransport
from tests.fakes.packs import needs_hook, scenario, write, write_pack, write_plain_pack
from tests.fleet.desk import cases_of, open_desk, until
from tests.fleet.test_mixer_runs import all_of, send

_RUN: Final = "run-0001"
_WRITER: Final = Writer(Ids(1))


def _parcel(root: Path, *documents: object, pack: Callable[[Path], Path] = write_plain_pack) -> Parcel:
    """Scenarios of a pack, which has no hooks unless ``pack`` writes some."""
    write(pack(root / "packs" / "small") / "scenarios" / "all.json", *documents)
    suite, parcel, name = Suite(str(root), Resolver(str(root))), Parcel(), "packs/small/scenarios/all.json"
    for loaded in suite.load(suite.read(str(root / name), name)):
        for row in loaded.rows:
            parcel.add(f"{name}::{row.name}", row, suite.subject(loaded, name), name)
    suite.close()
    return parcel


def _plain(root: Path, count: int) -> Parcel:
    return _parcel(root, *[scenario(f"s{number:03}") for number in range(count)])


def _cases(root: Path, count: int) -> list[PortableCase]:
    return _plain(root, count).cases


def _works(cases: Sequence[PortableCase], **more: Any) -> list[Work]:
    settings = PortableSettings("stop", ("secret",))
    return [
        Work(case=case, settings=settings, document=f"{{{number}}}".encode(), ticket=f"t{number}", **more)
        for number, case in enumerate(cases)
    ]


def _sent(body: Body) -> bytes:
    return _WRITER.encoded(body, run=_RUN)


def test_several_say_together_what_each_says_alone(tmp_path: Path) -> None:
    cases = [
        msgspec.structs.replace(case, row=f"r{number}", floats=bool(number % 2), xfail="late", strict=True)
        for number, case in enumerate(_cases(tmp_path, 3))
    ]
    works = _works(cases, tries=7)
    assert works_in(_sent(together(works)))[1] == tuple(works)
    (alone,) = _works(cases[:1], attempt=2, issue=9, taken=1)
    assert works_in(_sent(together([alone])))[1] == (alone,)


def test_a_handful_of_none_of_one_and_of_too_many_is_refused(tmp_path: Path) -> None:
    handful = together(_works(_cases(tmp_path, MOST)))
    assert isinstance(handful, Handful)
    said = Evidence(rack="one", item="a", attempt=1, outcome="refused")
    for count in (0, 1, MOST + 1):
        parts = (handful.parts * 2)[:count]
        with pytest.raises(MessageError, match=f"has {count} scenarios .there are 2 to {MOST} in one"):
            works_in(_sent(msgspec.structs.replace(handful, parts=parts)))
        with pytest.raises(MessageError, match=f"has {count} scenarios .there are 2 to {MOST} in one"):
            findings_in(_sent(Findings(found=(said,) * count)))
    with pytest.raises(MessageError, match="is of the kind 'evidence', where work is taken"):
        works_in(_sent(said))
    with pytest.raises(MessageError, match="is of the kind 'handful', where evidence is taken"):
        findings_in(_sent(handful))


def test_others_together_are_another_message(tmp_path: Path) -> None:
    one, two, three = _works(_cases(tmp_path, 3))
    rows = [[one], [one, two], [one, three], [one, two, three]]
    assert len({once_key_of(_RUN, row) for row in rows}) == 4
    joined = [msgspec.structs.replace(one, case=msgspec.structs.replace(one.case, item=item)) for item in "ab"]
    both = msgspec.structs.replace(one, case=msgspec.structs.replace(one.case, item="1:a1:b"))
    assert once_key_of(_RUN, joined) != once_key_of(_RUN, [both, both])


def test_findings_are_signed_with_all_that_they_say_and_for_their_run() -> None:
    key = new_key()
    done = Done("a", '{"id":"a"}', "sha256:1", "passed", "one")
    one = Evidence(rack="one", item="a", attempt=1, outcome="ran", done=done, ticket="t")
    signed = sign_evidence(Findings(found=(one, one)), _RUN, key)
    come = findings_in(_sent(signed))[1]
    assert is_evidence_of(come, _RUN, key.public)
    assert not is_evidence_of(come, "run-0002", key.public)
    assert not is_evidence_of(come, _RUN, new_key().public)
    other = msgspec.structs.replace(one, done=msgspec.structs.replace(done, verdict="failed"))
    assert not is_evidence_of(msgspec.structs.replace(signed, found=(one, other)), _RUN, key.public)
    # What was signed for several is none of one.
    assert not is_evidence_of(msgspec.structs.replace(one, signature=signed.signature), _RUN, key.public)


async def _handed_out(mixer: RunningMixer) -> list[tuple[Work, ...]]:
    link = MemoryTransport(mixer.hub)
    found: list[Delivery] = []
    while taken := await link.take(work("default"), 1_000, 0.5):
        found += taken
        # Of a large run more comes when racks are done with what there is.
        for delivery in taken:
            await delivery.ack()
    return [works_in(delivery.data)[1] for delivery in found]


def _sizes(handed: Sequence[Sequence[Work]]) -> Counter[int]:
    return Counter(map(len, handed))


def test_scenarios_without_hooks_go_together_each_of_them_once(tmp_path: Path) -> None:
    parcel = _plain(tmp_path, 200)
    with running_mixer(tmp_path / "mixer") as mixer:
        send(mixer.client(), parcel)
        handed = mixer.do(_handed_out(mixer))
    assert _sizes(handed) == {16: 12, 8: 1}
    assert [asked.case for several in handed for asked in several] == parcel.cases
    assert all(asked.document for several in handed for asked in several)
    assert len({asked.ticket for several in handed for asked in several}) == 200


def test_few_scenarios_go_to_many_racks(tmp_path: Path) -> None:
    parcel = _plain(tmp_path, 20)
    with running_mixer(tmp_path / "mixer") as mixer:
        send(mixer.client(), parcel)
        assert _sizes(mixer.do(_handed_out(mixer))) == {2: 10}


def test_what_calls_hooks_and_what_is_large_goes_alone(tmp_path: Path) -> None:
    large = {**scenario("large"), "description": "x" * (17 << 10)}
    parcel = _parcel(tmp_path, *[scenario(f"s{number:03}") for number in range(24)], large)
    with running_mixer(tmp_path / "mixer") as mixer:
        send(mixer.client(), parcel)
        handed = mixer.do(_handed_out(mixer))
        assert _sizes(handed) == {3: 8, 1: 1}
        assert handed[-1][0].case.item.endswith("large")
    hooked = _parcel(tmp_path, *[needs_hook(f"h{number:03}") for number in range(32)], pack=write_pack)
    with running_mixer(tmp_path / "other") as mixer:
        send(mixer.client(), hooked)
        assert _sizes(mixer.do(_handed_out(mixer))) == {1: 32}


def test_what_may_be_taken_but_once_goes_alone(tmp_path: Path) -> None:
    parcel = _plain(tmp_path, 32)
    with running_mixer(tmp_path / "mixer", work={"tries": 1}) as mixer:
        send(mixer.client(), parcel)
        assert _sizes(mixer.do(_handed_out(mixer))) == {1: 32}


def _rack(hub: Hub, folder: Path, said: list[str], **more: Any) -> Rack:
    config = RackConfig(name="one", data=str(folder), snake=LinkConfig(joining="given"), **more)

    async def connect(_: str) -> Transport:
        return MemoryTransport(hub)

    rack = Rack(config, RackState.open(config.data, config.name), connect, said.append)
    rack.work.look = 0.1
    return rack


async def _found(link: Transport, count: int) -> list[Evidence | Findings]:
    found: list[Evidence | Findings] = []
    while len(found) < count:
        for delivery in await link.take(EVIDENCE, 10, 5):
            found.append(findings_in(delivery.data)[1])
            await delivery.ack()
    return found


def test_a_rack_tells_of_a_handful_at_once_and_of_one_that_comes_again_runs_none(tmp_path: Path) -> None:
    async def main() -> None:
        hub = Hub()
        link = MemoryTransport(hub)
        async with open_desk(link, tmp_path / "desk") as desk:
            works = [Work(case=case, ticket=case.item) for case in cases_of(tmp_path, desk, 5)]
            queue, data = work("default"), _sent(together(works))
            end = asyncio.Event()
            rack = _rack(hub, tmp_path / "rack", [])
            running = asyncio.create_task(rack.run(end, asyncio.Event()))
            await link.publish(queue.of(_RUN), data, once_key_of(_RUN, works))
            (said,) = await _found(link, 1)
            assert isinstance(said, Findings)
            assert is_evidence_of(said, _RUN, rack.kept.key.public)
            assert [(one.item, one.outcome, one.ticket) for one in said.found] == [
                (asked.case.item, "ran", asked.ticket) for asked in works
            ]
            await until(lambda: rack.work.done == 5)
            end.set()
            await running
            # Who had it does not come back.
            await link.publish(queue.of("run-0002"), data, "again")
            assert len(await link.take(queue, 1, 5)) == 1
            running = asyncio.create_task(_rack(hub, tmp_path / "rack", []).run(asyncio.Event(), asyncio.Event()))
            (said,) = await _found(link, 1)
            assert isinstance(said, Findings)
            assert {(one.outcome, one.done) for one in said.found} == {("again", None)}
            assert [one.ticket for one in said.found] == [asked.ticket for asked in works]
            running.cancel()

    asyncio.run(asyncio.wait_for(main(), 60))


class _Stuck(Slot):
    """One scenario does not come to an end here."""

    def _one(self, bench: Any, work: Work, *more: Any, **named: Any) -> Evidence:
        if work.case.item.endswith("s002"):
            time.sleep(3)
        return super()._one(bench, work, *more, **named)


def test_of_a_handful_each_has_its_time_and_what_has_not_begun_goes_elsewhere(tmp_path: Path) -> None:
    async def main() -> list[Evidence | Findings]:
        hub = Hub()
        link = MemoryTransport(hub)
        async with open_desk(link, tmp_path / "desk") as desk:
            works = [Work(case=case) for case in cases_of(tmp_path, desk, 5)]
            rack = _rack(hub, tmp_path / "rack", [], scenario_seconds=1.0)
            rack.work._free = [_Stuck("one", rack.kept.blobs)]
            running = asyncio.create_task(rack.run(end := asyncio.Event(), asyncio.Event()))
            await link.publish(work("default").of(_RUN), _sent(together(works)), "once")
            found = await _found(link, 1)
            end.set()
            await running
            return found

    (said,) = asyncio.run(asyncio.wait_for(main(), 60))
    assert isinstance(said, Findings)
    assert [one.outcome for one in said.found] == ["ran", "ran", "refused", "again", "again"]
    assert said.found[2].reason == "it did not come to an end within 1 seconds"


class _Poisoned(Slot):
    """A slot of a rack that one scenario ends: what was to be run with it comes to nothing."""

    begun: Counter[str]

    async def run(self, works: Sequence[Work], *more: Any) -> list[Evidence]:
        self.begun.update(asked.case.item for asked in works)
        if any(asked.case.item.endswith("s007") for asked in works):
            raise RuntimeError("the rack is gone")
        return await super().run(works, *more)


def test_one_that_ends_its_racks_is_given_up_and_takes_nobody_with_it(tmp_path: Path) -> None:
    parcel = _plain(tmp_path, 40)
    with running_mixer(tmp_path / "mixer", work={"ack_wait": 1.0}) as mixer:
        rack = _rack(mixer.hub, tmp_path / "rack", [])
        slot = _Poisoned("one", rack.kept.blobs)
        slot.begun = Counter()
        rack.work._free = [slot]
        end = asyncio.Event()
        working = asyncio.run_coroutine_threadsafe(rack.run(end, asyncio.Event()), mixer.loop)
        client = mixer.client()
        done = all_of(client, send(client, parcel).run)
        mixer.loop.call_soon_threadsafe(end.set)
        working.result(30)
    assert sorted(one.item for one in done) == sorted(case.item for case in parcel.cases)
    (poison,) = [one for one in done if one.verdict != "passed"]
    assert (poison.item[-4:], poison.outcome) == ("s007", "given-up")
    assert poison.reason == "racks took it 3 times, and none came back with a record"
    # Once in its handful and twice alone; its neighbours once in it, and once more.
    begun = {item[-4:]: count for item, count in slot.begun.items()}
    assert begun["s007"] == 3
    assert sorted(name for name, count in begun.items() if count == 2) == ["s005", "s006", "s008", "s009"]
    assert sum(begun.values()) == 40 + 2 + 4


def test_who_signs_for_others_says_nothing_for_anybody(tmp_path: Path) -> None:
    parcel = _plain(tmp_path, 20)
    with running_mixer(tmp_path / "mixer", work={"ack_wait": 60.0}) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        one, two = mixer.rack("one"), mixer.rack("two")

        async def attack() -> None:
            await one.hello()
            await two.hello()
            (delivery,) = await one.transport.take(work("default"), 1, 5)
            asked = works_in(delivery.data)[1]
            said = tuple(
                Evidence(rack=name, item=work.case.item, attempt=1, outcome="refused", ticket=work.ticket)
                for name, work in zip(("one", "two"), asked, strict=True)
            )
            signed = sign_evidence(Findings(found=said), run, one.key)
            await one.transport.publish(evidence(run), _WRITER.encoded(signed, run=run), "lie")

        mixer.do(attack())
        service = mixer.mixer.service
        assert service is not None
        held = mixer.do(service.runs.table.get(run))
        # It is handed out again, and nothing of it is kept.
        mixer.do(asyncio.wait_for(_turned_away(held), 20))
        assert client.run(run).done == 0


async def _turned_away(run: Any) -> None:
    await until(lambda: len(run.turned_away) == 2)


def _hooks_elsewhere(folder: Path) -> Path:
    pack = write_pack(folder)
    (pack / "hooks.yaml").rename(pack / "programs.yaml")
    manifest = pack / "process.manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("hooks.yaml", "programs.yaml"), encoding="utf-8")
    return pack


def test_a_pack_that_calls_its_list_of_hooks_otherwise_has_hooks(tmp_path: Path) -> None:
    parcel = _parcel(tmp_path, *[scenario(f"s{number:03}") for number in range(32)], pack=_hooks_elsewhere)
    with running_mixer(tmp_path / "mixer") as mixer:
        send(mixer.client(), parcel)
        assert _sizes(mixer.do(_handed_out(mixer))) == {1: 32}
