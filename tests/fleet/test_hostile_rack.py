"""A rack that was let in, and means ill: nothing that it says becomes a verdict that is not its own to give.

On a real server, with the Mixer as it is started: the rack has its account, its key, and knows names of runs.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.messages import subjects
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.keys import new_key, read_key
from pytest_fluxscenario.fleet.messages.message import Evidence, Fetch, Heartbeat, Message, Refusal, Welcome, Work
from pytest_fluxscenario.fleet.messages.passport import sign_evidence
from pytest_fluxscenario.fleet.messages.subjects import once_key
from pytest_fluxscenario.fleet.messages.wire import decode, decode_as
from pytest_fluxscenario.fleet.rack.fetching import Fetcher
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.permissions import JOINING
from pytest_fluxscenario.fleet.snake.transport import Delivery
from pytest_fluxscenario.remote.api import ItemDone, RunInfo, Submission
from pytest_fluxscenario.remote.client import Client
from pytest_fluxscenario.remote.parcel import Parcel
from tests.fakes.fleet import FakeRack, RunningMixer, running_mixer
from tests.fakes.packs import failing, scenario
from tests.fakes.waiting import PATIENCE
from tests.fleet.test_mixer_runs import parcel_of

Attack = Callable[["Field"], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def mixer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMixer]:
    folder = tmp_path_factory.mktemp("mixer")
    work = {"pools": ("default", "other"), "ack_wait": 60.0}
    with running_mixer(folder, nats=True, snake={"listen": "127.0.0.1:0"}, work=work) as running:
        yield running


class Field:
    """What a test does with racks, from outside the Mixer's loop."""

    def __init__(self, mixer: RunningMixer, root: Path, ending: AsyncExitStack) -> None:
        self.mixer, self.root, self.ending = mixer, root, ending
        self.client = Client(mixer.url, mixer.mixer.token)
        ending.callback(self.client.close)
        joining = read_key(str(mixer.folder / "data" / "keys" / "joining.nk"))
        assert joining is not None
        self.joining = joining
        self._ear: NatsTransport | None = None

    async def connect(self, name: str, seed: str) -> NatsTransport:
        link = await connect(Access(self.mixer.mixer.snake_url, name, seed), 10)
        self.ending.push_async_callback(link.close)
        return link

    async def ear(self) -> NatsTransport:
        """Hears everything, with the Mixer's own key."""
        if self._ear is None:
            key = read_key(str(self.mixer.folder / "data" / "keys" / "mixer.nk"))
            assert key is not None
            self._ear = await self.connect("mixer", key.seed)
        return self._ear

    async def rack(self, name: str = "", **more: Any) -> FakeRack:
        """A rack that was let in, with its own connection, and has said that it is there."""
        name = name or f"rack-{secrets.token_hex(4)}"
        # Forgotten when its connections have ended: the server would end them.
        self.ending.push_async_callback(asyncio.to_thread, self._remove, name)
        joining = await connect(Access(self.mixer.mixer.snake_url, JOINING, self.joining.seed), 10)
        rack = FakeRack(name, joining, self.root / name, **more)
        answer = (await rack.hello()).data
        assert isinstance(answer, Welcome)
        await joining.close()
        rack.transport = await self.connect(name, rack.key.seed)
        await rack.hello()
        return rack

    def _remove(self, name: str) -> None:
        if name in {rack.name for rack in self.client.racks()}:
            self.client.remove_rack(name)

    async def run(self, *documents: object, pool: str = "default") -> tuple[RunInfo, Parcel]:
        """A run that nobody has taken from yet."""
        parcel = parcel_of(self.root / secrets.token_hex(4), *documents)

        def send() -> RunInfo:
            for digest in self.client.lacks(tuple(parcel.content)):
                self.client.give(digest, parcel.content[digest]())
            return self.client.submit(secrets.token_hex(16), Submission(tool(), tuple(parcel.cases), pool=pool))

        info = await asyncio.to_thread(send)
        # What a test leaves behind is not given to the next one.
        self.ending.push_async_callback(asyncio.to_thread, self.client.cancel, info.run)
        return info, parcel

    async def records(self, run: str, wait: float = 0.0) -> list[ItemDone]:
        return list((await asyncio.to_thread(self.client.records, run, 0, wait)).records)

    async def done_by(self, rack: FakeRack, run: str) -> ItemDone:
        """The only record of a run, which ``rack`` is let work for."""
        working = asyncio.create_task(rack.live())
        try:
            for _ in range(200):
                records = await self.records(run, 0.1)
                if records:
                    (one,) = records
                    return one
            raise AssertionError("there is no record")
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
def field(mixer: RunningMixer, tmp_path: Path) -> Callable[[Attack], None]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Field]:
        async with AsyncExitStack() as ending:
            yield Field(mixer, tmp_path, ending)

    def go(attack: Attack) -> None:
        async def main() -> None:
            async with asyncio.timeout(PATIENCE), opened() as field:
                await attack(field)

        asyncio.run(main())

    return go


async def taken_by(rack: FakeRack, pool: str = "default") -> tuple[Delivery, Message, Work]:
    """One piece of work that the rack is given."""
    (delivery,) = await rack.transport.take(subjects.work(pool), 1, 5)
    return delivery, *decode_as(Work, delivery.data)


async def say(field: Field, rack: FakeRack, said: Evidence, run: str) -> None:
    """Publish evidence as it is, and wait until the Mixer has done with it."""
    data = rack._writer.encoded(said, run=run)
    await rack.transport.publish(subjects.evidence(run), data, secrets.token_hex(8))
    js = (await field.ear()).client.jetstream()
    for _ in range(2_000):
        if not (await js.stream_info(subjects.EVIDENCE_STREAM)).state.messages:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the Mixer does not take evidence")


async def _settled() -> None:
    # That nothing comes of what was only sent cannot be waited for otherwise.
    await asyncio.sleep(0.2)


async def honest(rack: FakeRack, run: str, work: Work) -> Evidence:
    """What the rack would say of it if it were honest."""
    from pytest_fluxscenario.cas.store import blobs_of
    from pytest_fluxscenario.remote.bench import Bench

    bench = Bench(blobs_of(str(rack.folder)), rack.name)
    try:
        return await rack._done(bench, run, work)
    finally:
        bench.close()


def signed(rack: FakeRack, said: Evidence, run: str, /, **changed: Any) -> Evidence:
    return sign_evidence(msgspec.structs.replace(said, **changed), run, rack.key)


def test_who_was_not_given_the_work_has_nothing_to_say_of_it(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        bad, good = await field.rack(), await field.rack()
        info, parcel = await field.run(failing())
        # It knows how a record of success looks: it had such work before, in a run of its own.
        own, _ = await field.run(scenario("fine"), pool="other")
        spy = await field.rack(pools=("default", "other"))
        delivery, _, work = await taken_by(spy, "other")
        fine = await honest(spy, own.run, work)
        await delivery.ack()
        item = parcel.cases[0].item
        for ticket in ("", "0" * 48, work.ticket, "é" * 48):
            await say(field, bad, signed(bad, fine, info.run, rack=bad.name, item=item, ticket=ticket), info.run)
        assert await field.records(info.run) == []
        done = await field.done_by(good, info.run)
        assert (done.rack, done.verdict) == (good.name, "failed")

    field(attack)


def test_a_record_of_another_scenario_is_no_verdict(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        bad = await field.rack()
        info, _ = await field.run(scenario("fine"), failing("wrong"))
        told: dict[str, tuple[Evidence, Work]] = {}
        for _ in range(2):
            _, _, work = await taken_by(bad)
            told[work.case.item.rpartition("::")[2]] = await honest(bad, info.run, work), work
        fine, (_, work) = told["fine"][0], told["wrong"]
        assert fine.done is not None
        assert fine.done.verdict == "passed"
        await say(field, bad, signed(bad, fine, info.run, item=work.case.item, ticket=work.ticket), info.run)
        (one,) = await field.records(info.run)
        assert (one.item, one.outcome, one.verdict, one.record) == (work.case.item, "refused", "", "")
        assert one.reason.startswith("what the rack gave was not taken: its record is of another scenario: ")
        # What is its own it may still say.
        await say(field, bad, fine, info.run)
        assert (await asyncio.to_thread(field.client.run, info.run)).verdicts == {"refused": 1, "passed": 1}

    field(attack)


def test_an_earlier_attempt_and_another_run_are_not_said_again(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        rack = await field.rack()
        info, parcel = await field.run(scenario("fine"))
        delivery, _, work = await taken_by(rack)
        said = await honest(rack, info.run, work)
        await say(field, rack, said, info.run)
        await delivery.ack()
        from pytest_fluxscenario.remote.api import Again

        again = await asyncio.to_thread(field.client.again, info.run, Again(parcel.cases[0].item, 2))
        assert (again.state, again.done) == ("running", 1)
        # The same bytes, signed anew for the attempt; and as they were.
        await say(field, rack, signed(rack, said, info.run, attempt=2), info.run)
        await say(field, rack, said, info.run)
        other, _ = await field.run(scenario("fine"))
        await say(field, rack, said, other.run)
        await say(field, rack, signed(rack, said, other.run), other.run)
        assert len(await field.records(info.run)) == 1
        assert await field.records(other.run) == []

    field(attack)


def test_who_wants_all_to_be_handed_out_alone_does_not_keep_it_going_for_ever(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        bad, good = await field.rack(), await field.rack()
        info, parcel = await field.run(scenario("fine"))
        tries = 0
        while not await field.records(info.run):
            delivery, _, work = await taken_by(bad)
            item, ticket = parcel.cases[0].item, work.ticket
            again = Evidence(rack=bad.name, item=item, attempt=1, outcome="again", ticket=ticket, gear="engine")
            await say(field, bad, signed(bad, again, info.run), info.run)
            await delivery.ack()
            tries += 1
        (one,) = await field.records(info.run)
        assert (tries, one.outcome, one.counts) == (4, "given-up", "error")
        assert one.reason == "racks handed it back 4 times, and none ran it"
        # Who is honest is heard as before.
        other, _ = await field.run(scenario("fine"))
        assert (await field.done_by(good, other.run)).verdict == "passed"

    field(attack)


@pytest.mark.parametrize("what", ["suspended", "removed", "pool", "signature", "name"])
def test_who_may_not_speak_of_work_loses_it_to_another(field: Callable[[Attack], None], what: str) -> None:
    async def attack(field: Field) -> None:
        bad, good = await field.rack(pools=("default", "other")), await field.rack()
        info, _ = await field.run(failing())
        _, _, work = await taken_by(bad)
        said = await honest(bad, info.run, work)
        speaker = bad
        if what == "suspended":
            await bad.transport.close()
            await asyncio.to_thread(field.client.tell_rack, bad.name, "suspend")
            bad.transport = await field.connect(bad.name, bad.key.seed)
        elif what == "removed":
            # Its account is gone; a friend says it.
            await bad.transport.close()
            await asyncio.to_thread(field.client.remove_rack, bad.name)
            speaker = await field.rack(pools=("other",))
        elif what == "pool":
            speaker = await field.rack(pools=("other",))
            said = signed(speaker, said, info.run, rack=speaker.name)
        elif what == "signature":
            said = msgspec.structs.replace(said, signature=bytes(64))
        else:
            said = signed(bad, said, info.run, rack=good.name)
        # However often, it goes to another once.
        for _ in range(3):
            await say(field, speaker, said, info.run)
        assert await field.records(info.run) == []
        done = await field.done_by(good, info.run)
        assert (done.rack, done.verdict) == (good.name, "failed")

    field(attack)


def test_a_scenario_whose_evidence_is_refused_for_ever_is_accounted_for(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        bad = await field.rack()
        info, _ = await field.run(scenario("fine"))
        for _ in range(4):
            delivery, _, work = await taken_by(bad)
            said = await honest(bad, info.run, work)
            await say(field, bad, msgspec.structs.replace(said, signature=b""), info.run)
            await delivery.ack()
        (one,) = await field.records(info.run)
        assert (one.outcome, one.record) == ("refused", "")
        assert "it is not signed by that rack" in one.reason

    field(attack)


def test_a_name_that_was_used_before_keeps_nobody_from_speaking(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        bad, good = await field.rack(), await field.rack()
        info, parcel = await field.run(scenario("fine"))
        key = once_key(info.run, parcel.cases[0].item, 1)
        await bad.transport.publish(subjects.evidence(info.run), b"nothing", key)
        rack = await _real_rack(field, good)
        try:
            for _ in range(100):
                records = await field.records(info.run, 0.1)
                if records:
                    break
        finally:
            rack.cancel()
            await asyncio.gather(rack, return_exceptions=True)
        assert [(one.rack, one.verdict) for one in records] == [(good.name, "passed")]

    field(attack)


async def _real_rack(field: Field, known: FakeRack) -> asyncio.Task[None]:
    """A rack as it is started, with the key of one that was let in."""
    from pytest_fluxscenario.base.fs import replace_file
    from pytest_fluxscenario.fleet.rack.config import LinkConfig, RackConfig
    from pytest_fluxscenario.fleet.rack.rack import make_rack

    data = field.root / f"data-{known.name}"
    data.mkdir()
    replace_file(str(data / "rack.nk"), known.key.seed.encode(), mode=0o600)
    config = RackConfig(known.name, str(data), snake=LinkConfig(field.mixer.mixer.snake_url))
    return asyncio.create_task(make_rack(config, lambda _text: None).run(asyncio.Event(), asyncio.Event()))


def test_content_is_for_whoever_has_work_that_needs_it(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        rack, foreign = await field.rack(), await field.rack(pools=("other",))
        info, parcel = await field.run(scenario("mine"))
        secret, hidden = await field.run(scenario("secret"), pool="other")
        delivery, _, work = await taken_by(rack)

        async def ask(rack: FakeRack, run: str, work: Work, digest: str) -> str:
            fetcher = Fetcher(lambda: rack.transport, rack._writer, work, run)
            try:
                return "given" if await fetcher.fetch(digest) else ""
            except Exception as error:  # noqa: BLE001 - what is said is compared
                return str(error)

        for digest in parcel.content:
            assert await ask(rack, info.run, work, digest) == "given"
            assert "what its own work needs" in await ask(
                foreign, info.run, msgspec.structs.replace(work, ticket=""), digest
            )
        for digest in set(hidden.content) - set(parcel.content):
            said = await ask(rack, info.run, work, digest)
            assert "what its own work needs, and nothing else" in said
            stolen = msgspec.structs.replace(work, case=hidden.cases[0])
            assert "what its own work needs" in await ask(rack, secret.run, stolen, digest)
        await say(field, rack, await honest(rack, info.run, work), info.run)
        await delivery.ack()
        # It has spoken: its work needs nothing more.
        assert "what its own work needs" in await ask(rack, info.run, work, parcel.cases[0].content)

    field(attack)


def test_who_is_suspended_is_given_nothing_by_the_server(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        rack = await field.rack()
        await rack.transport.close()
        await asyncio.to_thread(field.client.tell_rack, rack.name, "suspend")
        info, _ = await field.run(scenario("fine"))
        link = await field.connect(rack.name, rack.key.seed)
        subject = "$JS.API.CONSUMER.MSG.NEXT.flux-work.default"
        with pytest.raises(SnakeError, match="nobody answers"):
            await link.request(subject, b'{"batch":1,"expires":200000000}', 0.5)
        await link.close()
        await asyncio.to_thread(field.client.tell_rack, rack.name, "activate")
        rack.transport = await field.connect(rack.name, rack.key.seed)
        assert (await taken_by(rack))[1].run == info.run

    field(attack)


@pytest.mark.parametrize(
    "reply", ["flux.work.default.engine.run-1", "flux.evidence.any", "flux.rack.two.command", "flux.agent.hello"]
)
def test_an_answer_goes_to_nobody_but_who_asked(field: Callable[[Attack], None], reply: str) -> None:
    async def attack(field: Field) -> None:
        joining = await field.connect(JOINING, field.joining.seed)
        mine = await field.rack()
        ear = await field.ear()
        heard: list[bytes] = []

        async def hear(_: str, data: bytes) -> None:
            heard.append(data)

        await ear.subscribe(reply, hear)
        hello = Evidence(rack="x", item="x", attempt=1, outcome="ran")
        for link, subject, body in (
            (joining, subjects.HELLO, mine._writer.encoded(hello)),
            (mine.transport, subjects.CONTENT, mine._writer.encoded(Fetch(hash="0" * 64))),
        ):
            assert isinstance(link, NatsTransport)
            await link.client.publish(subject, body, reply=reply)
            await link.client.flush()
        asked = FakeRack("stranger", joining, field.root / "x")
        data = asked._writer.encoded(_unsigned(asked))
        await joining.client.publish(subjects.HELLO, data, reply=reply)
        await joining.client.flush()
        await _settled()
        # On the subject of hellos it hears what was asked itself.
        assert [one for one in heard if decode(one).kind not in ("hello", "evidence")] == []

    field(attack)


def _unsigned(rack: FakeRack) -> Any:
    from pytest_fluxscenario.fleet.messages.message import Hello

    return Hello(rack=rack.name, key=rack.key.public, version=rack.version, gears=("engine",))


def test_strangers_who_say_hello_keep_nobody_out(
    field: Callable[[Attack], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_fluxscenario.fleet.mixer.registry.MOST_PENDING", 4)
    service = None

    async def attack(field: Field) -> None:
        service = field.mixer.mixer.service
        assert service is not None
        monkeypatch.setattr(service.registry, "auto_adopt", False)
        joining = await field.connect(JOINING, field.joining.seed)
        for number in range(12):
            answer = (await FakeRack(f"stranger-{number}", joining, field.root / "x").hello()).data
            assert isinstance(answer, Welcome)
            assert answer.state == "pending"
        names = {rack.name for rack in await asyncio.to_thread(field.client.racks)}
        strangers = sorted(name for name in names if name.startswith("stranger-"))
        assert strangers == sorted(f"stranger-{number}" for number in range(8, 12))
        # A name that waits already is not another's to take.
        taken = (await FakeRack("stranger-11", joining, field.root / "x", key=new_key()).hello()).data
        assert isinstance(taken, Refusal)
        assert taken.code == "rack.name"
        for name in strangers:
            await asyncio.to_thread(field.client.remove_rack, name)

    field(attack)
    assert service is None


def test_what_a_rack_says_of_itself_is_bounded(field: Callable[[Attack], None]) -> None:
    async def attack(field: Field) -> None:
        rack = await field.rack()
        busy = tuple((f"run-{number}", "item") for number in range(3_000))
        await rack.transport.send(
            subjects.heartbeat(rack.name), rack._writer.encoded(Heartbeat(rack=rack.name, slots=1, busy=busy))
        )
        huge = tuple((f"run-{number}", "x" * 1_000) for number in range(3_000))
        await rack.transport.send(
            subjects.heartbeat(rack.name), rack._writer.encoded(Heartbeat(rack=rack.name, slots=7, busy=huge))
        )
        await _settled()
        told = await asyncio.to_thread(field.client.rack, rack.name)
        assert (len(told.busy), told.busy[0]) == (64, ("run-0", "item"))

    field(attack)
