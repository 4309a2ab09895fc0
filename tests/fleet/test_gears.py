"""Racks with gears of their own: the verdict is that of the gear that was asked for, or there is none."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.fleet.messages.message import Hello, Refusal, Work
from pytest_fluxscenario.fleet.messages.passport import sign_evidence, sign_hello
from pytest_fluxscenario.fleet.messages.subjects import HELLO, work
from pytest_fluxscenario.fleet.messages.wire import decode, decode_as
from pytest_fluxscenario.fleet.rack.config import GearConfig, LinkConfig, RackConfig
from pytest_fluxscenario.fleet.rack.rack import Rack
from pytest_fluxscenario.fleet.rack.state import RackState
from pytest_fluxscenario.fleet.snake.transport import Transport
from pytest_fluxscenario.gears.engine import engine_desk
from pytest_fluxscenario.gears.serving import GearServer
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.runner.suite import make_subject
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.none import NoHooks
from tests.fakes.alive import has_ended
from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer
from tests.fakes.memory import MemoryTransport
from tests.fakes.packs import failing, scenario, step
from tests.fakes.project import Project, text_of
from tests.fakes.project_fixture import project
from tests.fakes.waiting import PATIENCE, until
from tests.fleet.test_mixer_runs import all_of, parcel_of, send

__all__ = ["project"]

_FLUXRIG = f"{sys.executable} -P -m pytest_fluxscenario.cli.main"
#: Says what its first argument says it should, to everything.
_SAYS = """
import json, os, sys, time
how = sys.argv[1]
if len(sys.argv) > 2:
    open(sys.argv[2], "a").write(f"{os.getpid()}\\n")
for line in sys.stdin:
    ask = json.loads(line)
    ok = {}
    if ask["op"] == "hello":
        ok = {"name": "sayer", "version": "3", "features": ["given", "approve", "faults"]}
    elif ask["op"] == "begin":
        named = ask["profile"]
    elif ask["op"] == "decide":
        if how == "dies":
            os._exit(7)
        if how == "hangs":
            time.sleep(600)
        ok = {"status": "nok", "route": "Blocked", "run_id": ask["request"]["run_id"], "reason": "no",
              "profile_id": named["id"], "profile_version": named["version"], "profile_hash": named["hash"]}
        if how == "token":
            ok["reason"] = os.environ["TOKEN_OF_THE_GEAR"]
    print(json.dumps({"id": ask["id"], "ok": ok}), flush=True)
"""


@pytest.fixture
def mixer(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMixer]:
    import pytest_fluxscenario

    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    monkeypatch.setenv("PYTHONPATH", str(Path(pytest_fluxscenario.__file__).parent.parent))
    with running_mixer(tmp_path_factory.mktemp("mixer"), racks={"auto_adopt": True, "beat": 0.1}) as running:
        yield running


@contextmanager
def racked(
    mixer: RunningMixer,
    name: str = "one",
    *,
    runtimes: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    **config: Any,
) -> Iterator[Rack]:
    """A real rack on the Mixer, ended in order; ``environ`` is what its slots see in place of this process's."""
    plain = RackConfig(name=name, data=str(mixer.folder / name), snake=LinkConfig(joining="given"), drain_seconds=5)
    changed = msgspec.structs.replace(plain, **config)
    said: list[str] = []

    async def connect(_: str) -> Transport:
        return MemoryTransport(mixer.hub)

    async def begin() -> tuple[Rack, asyncio.Event, asyncio.Task[None]]:
        kept, end = RackState.open(changed.data, name), asyncio.Event()
        rack = Rack(changed, kept, connect, said.append, runtimes=runtimes)
        rack.work.look = 0.1
        for slot in rack.work._free:
            slot.environ = environ or slot.environ
        return rack, end, asyncio.create_task(rack.run(end, asyncio.Event()))

    async def finish(end: asyncio.Event, task: asyncio.Task[None]) -> None:
        end.set()
        await task

    rack, end, task = mixer.do(begin())
    try:
        yield rack
    finally:
        mixer.do(finish(end, task))


@contextmanager
def served(pack: Path) -> Iterator[str]:
    """The engine on a pack, as a server."""
    runtimes = Runtimes()
    with closing(runtimes):
        loaded = load_pack(FolderFiles(str(pack), "pack"))
        subject = make_subject(loaded, runtimes)
        desk = engine_desk(loaded, subject.rules, subject.hooks or NoHooks("pack"), "1")
        server = GearServer(desk, ("127.0.0.1", 0), "the-token-of-the-gear")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        server.server_close()
        thread.join()


def sayer(folder: Path, how: str, *more: str) -> str:
    """A gear that is no engine."""
    program = folder / "sayer.py"
    program.write_text(_SAYS, encoding="utf-8")
    return f"stdio:{sys.executable} -S {program} {how} {' '.join(more)}"


def results(project: Project, folder: str) -> dict[str, tuple[str, str]]:
    """Ref and gear of each record, by its id."""
    return {one["id"]: (one["ref"], one["volatile"].get("gear", "")) for one in project.records(project.root / folder)}


@pytest.mark.parametrize("way", ["stdio", "http", "mcp"])
def test_the_records_are_those_of_a_local_run_with_that_gear(
    project: Project, mixer: RunningMixer, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUXRIG_GEAR_TOKEN", "the-token-of-the-gear")
    monkeypatch.setenv("TOKEN_OF_THE_GEAR", "the-token-of-the-gear")
    approved = [{"name": "approve", "approve": {"role": "approver", "scope": "waive"}}, step("waive", "work.waive")]
    project.add("a.json", scenario("one"), failing("two"), scenario("waives", *approved))
    with ExitStack() as held:
        if way == "http":
            address = held.enter_context(served(project.pack))
        else:
            address = f"{way}:{_FLUXRIG} gear serve {project.pack}{' --mcp' if way == 'mcp' else ''}"
        local = project.run(f"--fluxscenario-gear={address}", "--fluxscenario-evidence=local")
        local.assert_outcomes(passed=2, failed=1)
        config = GearConfig(address, 30.0, "TOKEN_OF_THE_GEAR")
        with racked(mixer, gears={"mine": config}), racked(mixer, "two"):
            far = project.run(
                f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=mine", "--fluxscenario-evidence=far"
            )
    far.assert_outcomes(passed=2, failed=1)
    assert results(project, "far") == results(project, "local")
    assert {gear.split()[0] for _, gear in results(project, "far").values()} == {"fluxscenario"}
    assert project.manifest(project.root / "far")["gear"] == "mine"
    far.stdout.fnmatch_lines(["fluxscenario: run against the gear mine", "fluxscenario: run *, 3 of 3 done on one (3)"])
    (run,) = mixer.client().runs()
    assert run.gears == {"mine": 3}


def test_only_racks_that_offer_it_get_the_work(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", *[scenario(f"s{number}") for number in range(6)])
    gears = {"engine": None, "no-sayer": sayer(project.root, "no")}
    with racked(mixer, gears=gears), racked(mixer, "two"):
        asked = (f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-evidence=far")
        result = project.run(*asked, "--fluxscenario-gear=no-sayer")
        # The engine would let all of them pass.
        result.assert_outcomes(failed=6)
        assert {gear for _, gear in results(project, "far").values()} == {"sayer 3"}
        assert mixer.client().runs()[0].racks == {"one": 6}
        project.run(*asked).assert_outcomes(passed=6)
        project.run(*asked, "--fluxscenario-gear=engine").assert_outcomes(passed=6)
        assert {gear for _, gear in results(project, "far").values()} == {""}
        assert "gear" not in project.manifest(project.root / "far")


def test_a_pack_names_its_gear(project: Project, mixer: RunningMixer) -> None:
    manifest = project.pack / "process.manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8") + "gear: no-sayer\n", encoding="utf-8")
    project.add("a.json", scenario("one"))
    with racked(mixer, gears={"engine": None, "no-sayer": sayer(project.root, "no")}):
        asked = f"--fluxscenario-mixer={mixer.url}"
        project.run(asked).assert_outcomes(failed=1)
        assert mixer.client().runs()[0].gears == {"no-sayer": 1}
        project.run(asked, "--fluxscenario-gear=engine").assert_outcomes(passed=1)


def test_a_gear_that_nobody_offers_is_said_after_a_bounded_wait(project: Project, mixer: RunningMixer) -> None:
    project.ini("fluxscenario_mixer_wait = 0.5")
    project.add("a.json", scenario("one"), scenario("two"))
    with racked(mixer, gears={"other": sayer(project.root, "no")}), racked(mixer, "two"):
        _active(mixer, 2)
        result = project.run(f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=mine")
    result.assert_outcomes(failed=2)
    said = "no active rack offered the gear 'mine' for 0.5 seconds; offered is 'engine' by 1 rack, 'other' by 1 rack"
    assert f"{mixer.url}: {said} (name one" in text_of(result)
    assert set(project.outcomes().values()) == {"error"}
    assert mixer.client().runs()[0].state == "cancelled"


def _active(mixer: RunningMixer, count: int) -> None:
    until(lambda: mixer.client().health().racks.active >= count)


@pytest.mark.parametrize(
    ("gear", "said"),
    [
        ("http://127.0.0.1:9/", "an address is asked from here, and racks offer gears by name"),
        ("No Such", "the gear 'No Such' cannot be one that racks offer (a name is 1 to 64 of"),
        ("a.b", "the gear 'a.b' cannot be one that racks offer (a name here has no dot"),
        ("flux>", "cannot be one that racks offer"),
    ],
)
def test_what_is_no_name_is_refused_before_anything_runs(
    project: Project, mixer: RunningMixer, gear: str, said: str
) -> None:
    project.add("a.json", scenario("one"))
    result = project.run(f"--fluxscenario-mixer={mixer.url}", f"--fluxscenario-gear={gear}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in text_of(result)
    assert mixer.client().runs() == []


def test_what_can_only_run_here_is_not_given_to_the_engine(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("there"))
    conftest = "import pytest\n@pytest.fixture(autouse=True)\ndef always():\n    yield\n"
    project.text("packs/small/scenarios/fixed/conftest.py", conftest)
    project.add("fixed/b.scenario.json", scenario("here"))
    with racked(mixer, gears={"mine": f"stdio:{_FLUXRIG} gear serve {project.pack}"}):
        result = project.run(f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=mine")
    result.assert_outcomes(passed=1, failed=1)
    said = "asks for the gear 'mine' of a rack, and can only run here: fixtures of the project apply to them"
    assert said in text_of(result)
    assert {name.rpartition("::")[2]: one for name, one in project.outcomes().items()} == {
        "there": "passed",
        "here": "error",
    }


def test_what_was_left_out_and_runs_after_all_is_not_given_to_the_engine(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("there"), scenario("late", skip="not now"))
    taken_back = "def pytest_runtest_setup(item):\n    item.own_markers.clear()\n"
    project.text("conftest.py", f"import pytest\n@pytest.hookimpl(tryfirst=True)\n{taken_back}")
    with racked(mixer, gears={"mine": f"stdio:{_FLUXRIG} gear serve {project.pack}"}):
        result = project.run(f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=mine")
    result.assert_outcomes(passed=1, failed=1)
    assert "asks for the gear 'mine' of a rack, and can only run here: it was left out" in text_of(result)
    assert project.outcomes() == {"there": "passed", "late": "error"}


@pytest.mark.parametrize(
    ("how", "said", "timeout"),
    [("dies", "ended without an answer", PATIENCE), ("hangs", "did not answer within 1 s", 1.0)],
)
def test_a_gear_that_fails_is_an_error_and_the_rack_goes_on(
    project: Project, mixer: RunningMixer, how: str, said: str, timeout: float
) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    note = project.root / "pids"
    gears = {"engine": None, "bad": GearConfig(sayer(project.root, how, str(note)), timeout)}
    with racked(mixer, gears=gears):
        asked = f"--fluxscenario-mixer={mixer.url}"
        result = project.run(asked, "--fluxscenario-gear=bad")
        result.assert_outcomes(failed=2)
        # Its name, and not how it is started: that is the rack's own business.
        assert f"the gear bad {said}" in text_of(result)
        assert "sayer.py" not in text_of(result)
        assert set(project.outcomes().values()) == {"error"}
        project.run(asked).assert_outcomes(passed=2)
    # A machine that has much to do may end one before it says who it is.
    pids = [int(line) for line in note.read_text("utf-8").split()] if note.exists() else []
    assert len(pids) == 2 or (how == "hangs" and len(pids) < 2)
    assert all(has_ended(pid) for pid in pids)


def test_a_run_meets_no_gear_that_an_earlier_one_has_started(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    note = project.root / "pids"
    with racked(mixer, gears={"says": sayer(project.root, "says", str(note))}):
        for count in (1, 2):
            project.run(f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=says").assert_outcomes(failed=2)
            assert len(note.read_text("utf-8").split()) == count


def test_a_slot_that_is_given_up_ends_its_gear(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("one"))
    note = project.root / "pids"
    # It asks for longer than it is waited for: the slot, and its gear with it, end when nothing is under way there.
    gear = GearConfig(sayer(project.root, "hangs", str(note)), 5.0)
    with racked(mixer, gears={"bad": gear}, scenario_seconds=3.0):
        result = project.run(f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=bad")
        assert "it did not come to an end within 3 seconds" in text_of(result)
        assert has_ended(int(note.read_text("utf-8")))


def test_a_token_of_a_gear_is_in_no_record(
    project: Project, mixer: RunningMixer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_THE_GEAR", "very-secret-token")
    project.add("a.json", scenario("one"))
    config = GearConfig(sayer(project.root, "token"), 30.0, "TOKEN_OF_THE_GEAR")
    with racked(mixer, gears={"mine": config}):
        result = project.run(f"--fluxscenario-mixer={mixer.url}", "--fluxscenario-gear=mine")
    result.assert_outcomes(failed=1)
    assert b"very-secret-token" not in (project.evidence / "records.jsonl").read_bytes()
    assert b"[redacted]" in (project.evidence / "records.jsonl").read_bytes()


def _refused(done: list[ItemDone]) -> str:
    ((one,)) = done
    assert (one.outcome, one.verdict, one.record) == ("refused", "", "")
    return one.reason


@pytest.mark.parametrize(
    ("offers", "says", "why"),
    [
        (("engine", "mine"), "engine", "the gear 'mine' was asked, and the rack ran 'engine'"),
        (("engine", "mine"), "mine", "its record is an answer of 'engine', and not of 'mine'"),
        (("engine",), "mine", ""),
    ],
)
def test_an_answer_of_the_engine_counts_for_no_other_gear(
    mixer: RunningMixer, tmp_path: Path, offers: tuple[str, ...], says: str, why: str
) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    parcel.cases[0] = msgspec.structs.replace(parcel.cases[0], gear="mine")

    async def answer() -> None:
        rack = mixer.rack("other", gears=("engine", "mine"))
        await rack.hello()
        (delivery,) = await rack.transport.take(work("default", "mine"), 1, 5)
        asked = decode_as(Work, delivery.data)[1]
        # It was configured anew.
        rack.gears = offers
        await rack.hello()
        engine = msgspec.structs.replace(asked, case=msgspec.structs.replace(asked.case, gear="engine"))
        bench = Bench(blobs_of(str(rack.folder)), "other")
        said = await rack._ran(bench, run.run, engine)
        bench.close()
        assert said.done is not None
        assert said.done.verdict == "passed"
        said = msgspec.structs.replace(said, gear=says, ticket=asked.ticket)
        await rack._publish(run.run, sign_evidence(said, run.run, rack.key), 0)
        await delivery.ack()

    run = send(mixer.client(), parcel)
    mixer.do(answer())
    if why:
        assert _refused(all_of(mixer.client(), run.run)) == f"what the rack gave was not taken: {why}"
        return
    # It does not offer the gear any more: the work goes to one that does.
    with racked(mixer, gears={"mine": sayer(tmp_path, "no")}):
        (done,) = all_of(mixer.client(), run.run)
        assert (done.rack, done.verdict) == ("one", "failed")


def test_work_in_the_queue_of_another_gear_is_not_run(mixer: RunningMixer, tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    run = send(mixer.client(), parcel)

    async def move() -> None:
        """As if somebody had put it into the wrong queue."""
        rack = mixer.rack("mover")
        (delivery,) = await rack.transport.take(work("default"), 1, 5)
        asked = decode_as(Work, delivery.data)[1]
        moved = msgspec.structs.replace(asked, case=msgspec.structs.replace(asked.case, gear="mine"))
        body = rack._writer.encoded(moved, run=run.run)
        await rack.transport.publish(work("default").of(run.run), body, "again")
        await delivery.ack()

    mixer.do(move())
    with racked(mixer):
        reason = _refused(all_of(mixer.client(), run.run))
    assert reason == "it asks for the gear 'mine', and stood in the queue of 'engine'"


def test_a_rack_that_was_started_again_without_the_gear_does_not_take_its_work(
    project: Project, mixer: RunningMixer
) -> None:
    parcel = parcel_of(project.root / "elsewhere", scenario("a"))
    parcel.cases[0] = msgspec.structs.replace(parcel.cases[0], gear="mine")
    with racked(mixer, gears={"mine": sayer(project.root, "no")}) as rack:
        _active(mixer, 1)
        assert rack.config.offers == ("mine",)
    run = send(mixer.client(), parcel)
    with racked(mixer):
        _active(mixer, 1)
        time.sleep(0.5)
        assert mixer.client().run(run.run).done == 0
        assert mixer.client().records(run.run, 0, 0).gears == {"engine": 1}
    with racked(mixer, gears={"mine": sayer(project.root, "no")}):
        (done,) = all_of(mixer.client(), run.run)
        assert (done.verdict, done.outcome) == ("failed", "ran")


@pytest.mark.parametrize(
    ("gears", "said"),
    [
        ((), "offers 0 gears"),
        (("a", "a"), "or one of them twice"),
        (tuple(f"g{number}" for number in range(40)), "offers 40 gears"),
        (("a.b",), "offers 'a.b', which is no name of a gear"),
        (("*",), "offers '*', which is no name of a gear"),
    ],
)
def test_a_hello_with_odd_gears_is_refused(mixer: RunningMixer, gears: tuple[str, ...], said: str) -> None:
    async def hello() -> Refusal:
        rack = mixer.rack("odd")
        plain = Hello(rack="odd", key=rack.key.public, version=rack.version, gears=gears)
        data = rack._writer.encoded(sign_hello(plain, rack.key))
        answer = decode(await rack.transport.request(HELLO, data, 5)).data
        assert isinstance(answer, Refusal)
        return answer

    refusal = mixer.do(hello())
    assert refusal.code == "rack.gears"
    assert said in refusal.message
