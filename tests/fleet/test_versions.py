"""Machines with different versions of this package, each a process that says of itself what its metadata say."""

from __future__ import annotations

import re
import time
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.fakes.fleet import running_mixer
from tests.fakes.operators import Operators
from tests.fakes.packs import scenario, write, write_pack


def _other(folder: Path) -> str:
    """A folder that, put before others on the path, makes this package another version."""
    here = distribution("pytest-fluxscenario")
    made = folder / "pytest_fluxscenario-9.8.7.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-fluxscenario\nVersion: 9.8.7\n")
    (made / "entry_points.txt").write_text(here.read_text("entry_points.txt") or "")
    return str(folder)


def test_a_rack_and_pytest_of_another_version_are_refused_with_both_named(tmp_path: Path) -> None:
    people = Operators(tmp_path)
    write(write_pack(tmp_path / "packs" / "small") / "scenarios" / "all.scenario.json", scenario("one"))
    try:
        said = people.mixer(snake={"listen": "127.0.0.1:0"})
        assert not people.ended("mixer"), said
        people.environ["PYTHONPATH"] = f"{_other(tmp_path / 'path')}:{people.environ.get('PYTHONPATH', '')}"
        url = re.findall(r"nats://127\.0\.0\.1:\d+", said)[0]
        people.rack("one", url=url, joining="data/keys/joining.nk")
        assert people.started["one"].wait(120) == 2
        both = "is pytest-fluxscenario 9.8.7, and the Mixer is pytest-fluxscenario 0"
        assert f"the rack 'one' {both}" in people.said("one")
        assert "(install the same version on all machines)" in people.said("one")
        assert people.pytest("packs").wait(120) != 0
        assert both in people.said("pytest")
        assert "Traceback" not in people.said("pytest") + people.said("one")
    finally:
        people.end()


@pytest.mark.slow
def test_a_rack_that_is_started_before_its_mixer_waits_for_the_key_for_joining(tmp_path: Path) -> None:
    people = Operators(tmp_path)
    try:
        people.rack("one", url="nats://127.0.0.1:9", joining="data/keys/joining.nk")
        people.until(lambda: "there is no key for joining yet (the Mixer makes it" in people.said("one"))
        said = people.mixer(snake={"listen": "127.0.0.1:0"})
        url = re.findall(r"nats://127\.0\.0\.1:\d+", said)[0]
        people.rack("two", url=url, joining="data/keys/joining.nk")
        people.until(lambda: "two: active, at" in people.said("two"))
        people.until(lambda: "connection refused" in people.said("one"))
        assert not people.ended("one")
    finally:
        people.end()


def test_a_token_that_was_forgotten_is_told_before_anything_runs(tmp_path: Path) -> None:
    people = Operators(tmp_path)
    write(write_pack(tmp_path / "packs" / "small") / "scenarios" / "all.scenario.json", scenario("one"))
    with running_mixer(tmp_path) as running:
        people.url = running.url
        assert people.pytest("packs", FLUXRIG_API_TOKEN="").wait(120) == 4
        said = "the Mixer wants its token, and none was given (give its token in FLUXRIG_API_TOKEN)"
        assert said in people.said("pytest")


@pytest.mark.slow
def test_a_rack_whose_mixer_has_moved_says_so_soon(tmp_path: Path) -> None:
    """One that was let in once has two ways to connect; the second is for servers that do not know it."""
    people = Operators(tmp_path)
    try:
        said = people.mixer(snake={"listen": "127.0.0.1:0"})
        snake = {"url": re.findall(r"nats://127\.0\.0\.1:\d+", said)[0], "joining": "data/keys/joining.nk"}
        people.rack("one", **snake)
        people.until(lambda: "one: active, at" in people.said("one"))
        people.started["mixer"].terminate()
        people.until(lambda: "offline, trying again: the connection to the Mixer is lost" in people.said("one"))
        people.started["one"].terminate()
        assert people.started["one"].wait(120) == 0
        begun = time.monotonic()
        people.rack("one", **{**snake, "url": "nats://nobody.invalid:4222"})
        people.until(lambda: "the name 'nobody.invalid' is not known here" in people.said("one"))
        assert time.monotonic() - begun < 25
    finally:
        people.end()
