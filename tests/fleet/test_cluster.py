"""NATS that somebody else runs: accounts and permissions, streams of others, three servers of which one dies."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.credentials import Credentials
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.permissions import Accounts, RackAccount
from pytest_fluxscenario.fleet.snake.transport import Terms
from pytest_fluxscenario.runtimes.here import runtimes_here
from tests.fakes.cluster import Foreign
from tests.fakes.jwt import Trust
from tests.fakes.operators import Operators
from tests.fakes.packs import failing, needs_hook, write, write_hook, write_pack

_SLOW = """\
import json, sys, time
call = json.loads(sys.stdin.readline())
time.sleep(0.1)
print(json.dumps({"status": "ok", "facts": {"risky": False}}))
"""


@contextmanager
def _foreign(folder: Path, more: str = "", **fields: Any) -> Iterator[Foreign]:
    servers = Foreign(folder / "foreign", more=more, **fields)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


async def _prepared(access: Access, *terms: Terms) -> NatsTransport:
    link = await connect(access, 10)
    try:
        for one in terms:
            await link.prepare(one)
    except BaseException:
        await link.close()
        raise
    return link


async def _refused(access: Access, terms: Terms) -> str:
    with pytest.raises(SnakeError) as raised:
        await _prepared(access, terms)
    said = str(raised.value)
    assert "\n" not in said
    return said.partition(": ")[2]


async def _streams(link: NatsTransport) -> list[Any]:
    return [info.config for info in await link.client.jetstream().streams_info()]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("flux-work", {"subjects": ["orders.*"]}, "its subjects 'orders.*' is that of no Mixer"),
        ("flux-work", {"subjects": ["flux.work.>"]}, "its retention 'limits' is that of no Mixer"),
        ("flux-evidence", {"subjects": ["bills"]}, "its subjects 'bills' is that of no Mixer"),
        ("orders", {"subjects": ["flux.>"]}, "cannot be made: another stream keeps flux.work.> already"),
    ],
)
def test_a_stream_of_somebody_else_stays_as_it_is(
    tmp_path: Path, name: str, options: dict[str, Any], said: str
) -> None:
    async def main() -> None:
        with _foreign(tmp_path) as foreign:
            access = Access(foreign.url, "mixer")
            link = await connect(access, 10)
            js = link.client.jetstream()
            await js.add_stream(name=name, max_msgs=7, **options)
            await js.publish(options["subjects"][0].replace("*", "x").replace(">", "x"), b"order")
            (before,) = await _streams(link)
            assert said in await _refused(access, Terms(owner="UABC"))
            kept = [config for config in await _streams(link) if config.name == name]
            assert kept == [before]
            assert (await js.stream_info(name)).state.messages == 1
            await link.close()

    asyncio.run(main())


def test_streams_of_another_mixer_are_refused_and_what_their_owner_has_set_stays(tmp_path: Path) -> None:
    async def main() -> None:
        with _foreign(tmp_path) as foreign:
            access = Access(foreign.url, "mixer")
            link = await _prepared(access, Terms(owner="UABC"))
            js = link.client.jetstream()
            (config, _) = sorted(await _streams(link), key=lambda one: str(one.name), reverse=True)
            await js.update_stream(config.evolve(max_bytes=1 << 20, description="of the fleet"))
            await link.prepare(Terms(owner="UABC", dedupe=300))
            found = (await js.stream_info("flux-work")).config
            assert (found.max_bytes, found.description, found.duplicate_window) == (1 << 20, "of the fleet", 300)
            said = await _refused(access, Terms(owner="UXYZ"))
            assert said.startswith("the stream flux-work belongs to another Mixer, with the key UABC (each Mixer needs")
            assert (await js.stream_info("flux-work")).config == found
            said = await _refused(access, Terms(owner="UABC", replicas=3))
            assert "'replicas' of 'snake' are at most the servers of the cluster" in said
            await link.close()

    asyncio.run(main())


_LOGIN = Credentials(user="mixer", password="secret")  # noqa: S106 - of a server that lives for a second
_USERS = "accounts {{ A {{ {} users: [{{user: mixer, password: secret, permissions: {{ {} }} }}] }} }}"


@pytest.mark.parametrize(
    ("account", "permissions", "said"),
    [
        ("", 'publish: ">"', "JetStream is not enabled there (enable it for the server ('jetstream') and for"),
        (
            "jetstream: enabled,",
            'publish: "flux.>"',
            "(the server does not permit it: permissions violation for",
        ),
    ],
)
def test_an_account_that_may_not_make_streams_says_so(
    tmp_path: Path, account: str, permissions: str, said: str
) -> None:
    async def main() -> None:
        with _foreign(tmp_path, _USERS.format(account, permissions)) as foreign:
            access = Access(foreign.url, "mixer", credentials=_LOGIN)
            assert said in await _refused(access, Terms())

    asyncio.run(main())


def test_an_operator_gives_the_cluster_the_accounts_that_the_mixer_has_written(tmp_path: Path) -> None:
    """From a server that knows nobody to a run on a rack, with the file alone, and what is permitted is enough."""
    included = "accounts { FLUX { jetstream: enabled, include 'accounts.conf' } }"
    (tmp_path / "foreign" / "n0").mkdir(parents=True)
    there = tmp_path / "foreign" / "n0" / "accounts.conf"
    there.write_text("users = [{user: somebody, password: else}]\n")
    people = Operators(tmp_path)
    with _foreign(tmp_path, included) as foreign:

        def give() -> None:
            shutil.copy(tmp_path / "data" / "nats" / "accounts.conf", there)
            foreign.reload()

        try:
            said = people.mixer(snake={"url": foreign.url})
            assert "does not know who connects (the cluster has to know its key: the accounts for its" in said
            assert people.ended("mixer")
            give()
            said = people.mixer(snake={"url": foreign.url})
            assert not people.ended("mixer"), said
            people.rack("one", url=foreign.url, joining="data/keys/joining.nk")
            people.until(lambda: "waits until the NATS server knows its key" in people.said("one"))
            assert re.search(r"who may connect has changed: give the cluster \S*accounts\.conf", people.said("mixer"))
            give()
            people.until(lambda: "active, at" in people.said("one"))
            pack = write_pack(tmp_path / "packs" / "small")
            write(pack / "scenarios" / "all.scenario.json", *[needs_hook(f"s{at}") for at in range(3)], failing())
            write_hook(pack, _SLOW)
            assert people.pytest("packs").wait(120) == 1, people.said("pytest")
            assert "4 of 4 done" in people.said("pytest")
            assert "not permit" not in people.said("mixer") + people.said("one")
            log = (tmp_path / "foreign" / "n0" / "log").read_text()
            assert re.findall(r"Violation.*", log.partition("active")[2]) == []
        finally:
            people.end()


@pytest.mark.slow
def test_a_run_goes_on_when_one_of_three_servers_is_killed(tmp_path: Path) -> None:
    people = Operators(tmp_path)
    pack = write_hook(write_pack(tmp_path / "packs" / "small"), _SLOW)
    write(pack / "scenarios" / "all.scenario.json", *[needs_hook(f"slow-{at:02}") for at in range(15)], failing())
    users = "accounts { FLUX { jetstream: enabled, users: [{user: flux, password: secret}] } }"
    (tmp_path / "login").write_text("flux:secret\n")
    (tmp_path / "login").chmod(0o600)
    with _foreign(tmp_path, users, size=3) as foreign:
        snake = {"url": foreign.url, "credentials": "login"}
        try:
            said = people.mixer(snake={**snake, "replicas": 3}, work={"ack_wait": 2})
            assert not people.ended("mixer"), said
            for name in ("one", "two"):
                people.rack(name, **snake)
            people.until(lambda: people.fluxrig("rack", "list").count(" active ") == 2)
            running = people.pytest("packs")
            people.until(lambda: _done(people) >= 3)
            foreign.kill(0)
            assert running.wait(180) == 1, people.said("pytest")
            assert "16 of 16 done" in people.said("pytest")
            assert "15 passed" in people.said("pytest")
        finally:
            people.end()


def test_credentials_of_an_account_that_is_ruled_by_jwt_with_the_permissions_of_the_docs(tmp_path: Path) -> None:
    people, trust = Operators(tmp_path), Trust()
    pack = write_hook(write_pack(tmp_path / "packs" / "small"), _SLOW)
    write(pack / "scenarios" / "all.scenario.json", needs_hook("hooked"), failing())
    for name, who in (("mixer", "the Mixer"), ("one", "a rack")):
        publish, subscribe = _documented()[who]
        path = tmp_path / f"{name}.creds"
        path.write_text(trust.credentials(name, _filled(publish), _filled(subscribe)))
        path.chmod(0o600)
    with _foreign(tmp_path, trust.server()) as foreign:
        try:
            said = people.mixer(snake={"url": foreign.url, "credentials": "mixer.creds"})
            assert not people.ended("mixer"), said
            people.rack("one", url=foreign.url, credentials="one.creds")
            assert people.pytest("packs").wait(120) == 1, people.said("pytest")
            assert "2 of 2 done" in people.said("pytest")
            assert "Violation" not in (tmp_path / "foreign" / "n0" / "log").read_text()
        finally:
            people.end()


def test_the_docs_list_what_the_accounts_permit() -> None:
    rack = RackAccount("a-rack", new_key().public, ("a-pool",), ("engine", "a-gear"), ("a-runtime",))
    users = Accounts(new_key().public, new_key().public, {"a-rack": rack}).users(own=False)
    found = [(set(_permitted(user, "publish")), set(_permitted(user, "subscribe"))) for user in users]
    documented = [tuple(map(set, lists)) for lists in _documented().values()]
    assert found == documented


def _permitted(user: dict[str, Any], verb: str) -> list[str]:
    subjects = user["permissions"][verb]["allow"]
    names = (("a-rack", "<rack>"), ("a-pool", "<pool>"), ("a-gear", "<gear>"), ("a-runtime", "<runtime>"))
    return [reduce(lambda text, pair: text.replace(*pair), names, subject) for subject in subjects]


def _filled(subjects: list[str]) -> list[str]:
    names = (("<rack>", "one"), ("<pool>", "default"), ("<gear>", "mine"))
    plain = [reduce(lambda text, pair: text.replace(*pair), names, subject) for subject in subjects]
    return list(dict.fromkeys(one.replace("<runtime>", runtime) for one in plain for runtime in _here()))


def _here() -> tuple[str, ...]:
    """What hooks can run on here: one name at least, for what names none."""
    return runtimes_here(os.environ.get("PATH", os.defpath)) or ("none",)


def _documented() -> dict[str, tuple[list[str], list[str]]]:
    """Who may publish and subscribe what, as docs/fleet.md says."""
    text = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (the Mixer|who joins|a rack) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    return {who: (re.findall(r"`([^`]+)`", publish), re.findall(r"`([^`]+)`", sub)) for who, publish, sub in rows}


def _done(people: Operators) -> int:
    """Scenarios that the racks have recorded."""
    listed = re.findall(r"^\w+\s+active\s+\S+\s+(\d+)", people.fluxrig("rack", "list"), re.MULTILINE)
    return sum(map(int, listed))
