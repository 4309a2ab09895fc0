"""A Mixer with its NATS server, racks that are processes, and pytest over them; with and without somebody killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.keys import new_key, read_key
from pytest_fluxscenario.fleet.messages.message import Hello, Refusal
from pytest_fluxscenario.fleet.messages.passport import issue, sign_hello
from pytest_fluxscenario.fleet.messages.subjects import HELLO
from pytest_fluxscenario.fleet.messages.wire import Writer, decode
from pytest_fluxscenario.fleet.mixer.mixer import Mixer
from pytest_fluxscenario.fleet.mixer.startup import resolve_startup
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_link import connect
from pytest_fluxscenario.fleet.snake.permissions import JOINING
from tests.fakes.fleet import TOKEN, config_of
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_hook, write_pack
from tests.fakes.quiet import QUIETER
from tests.fleet.desk import until

_SLOW = """\
import json, sys, time
call = json.loads(sys.stdin.readline())
time.sleep(0.1)
print(json.dumps({"status": "ok", "facts": {"risky": False}}))
"""


@dataclass
class Whole:
    """All of a fleet on this machine, and a project beside it."""

    mixer: Mixer
    folder: Path
    project: Path
    racks: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a rack, or start it again."""
        joining = str(self.folder / "data" / "keys" / "joining.nk")
        snake = {"url": self.mixer.snake_url, "joining": joining}
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({"name": name, "data": str(self.folder / name), "slots": 2, "snake": snake}))
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "pytest_fluxscenario.cli.main", "rack", "start", "-c", str(path)]
            self.racks[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)

    async def pytest(self, evidence: str, *arguments: str) -> tuple[int, str]:
        """Exit status and output of a run of the project's scenarios."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", *QUIETER, f"--fluxscenario-evidence={evidence}", *arguments, "packs"),
            cwd=self.project,
            env={**os.environ, "FLUXRIG_API_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    def results(self, evidence: str) -> dict[str, bytes]:
        """The result of each record, by the id of its item; none twice."""
        lines = (self.project / evidence / "records.jsonl").read_bytes().splitlines()
        decoded = [msgspec.json.decode(line, type=_Line) for line in lines]
        assert len({line.id for line in decoded}) == len(decoded)
        return {line.id: bytes(line.result) for line in decoded}

    def kill_broker(self) -> None:
        """Kill the NATS server of the Mixer, which starts it again."""
        (ports,) = (self.folder / "data" / "nats").glob("*.ports")
        os.kill(int(ports.stem.rpartition("_")[2]), signal.SIGKILL)


class _Line(msgspec.Struct):
    id: str
    result: msgspec.Raw


@asynccontextmanager
async def _whole(tmp_path: Path) -> AsyncIterator[Whole]:
    config = config_of(
        tmp_path,
        snake={"listen": "127.0.0.1:0"},
        racks={"auto_adopt": True, "beat": 0.2, "offline_after": 2.0},
        work={"ack_wait": 1.5, "tries": 10},
    )
    mixer = Mixer(config, TOKEN, resolve_startup(config.store, ""))
    ready, end = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(mixer.run(lambda _: ready.set(), end))
    await asyncio.wait((serving, asyncio.create_task(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    project = tmp_path / "project"
    write_pack(project / "packs" / "small")
    (project / "pytest.ini").write_text("[pytest]\n")
    whole = Whole(mixer, tmp_path, project)
    try:
        yield whole
    finally:
        for rack in whole.racks.values():
            rack.kill()
            rack.wait()
        end.set()
        with suppress(asyncio.CancelledError):
            await serving


def test_pytest_over_racks_gives_what_a_local_run_gives_whoever_is_killed(tmp_path: Path) -> None:
    async def main() -> None:
        async with _whole(tmp_path) as whole:
            pack = write_hook(whole.project / "packs" / "small", _SLOW)
            slow = [needs_hook(f"slow-{number:02}") for number in range(8)]
            rows = scenario("rows", step(payload={"what": "${what}"}), parameters=[{"what": "a"}, {"what": 1.5}])
            write(pack / "scenarios" / "all.scenario.json", *slow, rows, failing())
            status, said = await whole.pytest("local")
            assert status == 1, said
            service = whole.mixer.service
            assert service is not None
            for name in ("one", "two"):
                whole.start(name)
            await until(lambda: service.registry.counts().active == 2)
            there = asyncio.create_task(whole.pytest("there", f"--fluxscenario-mixer={whole.mixer.url}"))
            await until(lambda: _done(whole) >= 2)
            whole.racks["one"].kill()
            whole.racks["one"].wait()
            await until(lambda: _done(whole) >= 4)
            whole.kill_broker()
            whole.start("one")
            status, said = await there
            assert status == 1, said
            assert whole.results("there") == whole.results("local")
            assert len(whole.results("there")) == 11
            assert "11 of 11 done" in said

    asyncio.run(main())


def _done(whole: Whole) -> int:
    service = whole.mixer.service
    assert service is not None
    return sum(len(run.records) for run in service.runs.table._held.values())


def test_a_mixer_takes_no_hello_that_is_forged_and_no_passport_of_another(tmp_path: Path) -> None:
    async def main() -> None:
        async with _whole(tmp_path) as whole:
            joining = read_key(str(tmp_path / "data" / "keys" / "joining.nk"))
            assert joining is not None
            link = await connect(Access(whole.mixer.snake_url, JOINING, joining.seed))
            writer, key, stranger = Writer(Ids(1)), new_key(), new_key()
            plain = Hello(rack="one", key=key.public, version=tool(), gears=("engine",))

            async def refused(hello: Hello) -> str:
                said = decode(await link.request(HELLO, writer.encoded(hello), 5)).data
                assert isinstance(said, Refusal)
                return said.code

            assert await refused(plain) == "rack.signature"
            assert await refused(sign_hello(plain, stranger)) == "rack.signature"
            other = issue(stranger, "one", key.public, ("default",))
            presented = sign_hello(msgspec.structs.replace(plain, passport=other), key)
            assert await refused(presented) == "rack.passport"
            await link.close()

    asyncio.run(main())
