"""``configs/mixer.yaml``: who may ask the Mixer, who may work for it, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.configuration import PAIR, read_config, split_address
from pytest_fluxscenario.fleet.snake.config import SnakeConfig, snake_faults


class ApiConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where and to whom the Mixer answers."""

    #: Address and port.
    listen: str = "127.0.0.1:8090"
    #: The variable that holds the token.
    token_env: str = "FLUXRIG_API_TOKEN"
    #: Answer whoever asks, without a token.
    without_token: bool = False
    #: Names that the Mixer is called by, beside those of this machine.
    hosts: tuple[str, ...] = ()
    #: Certificate that it shows, and its key; empty for none, and then it speaks in clear.
    tls_cert: str = ""
    tls_key: str = ""
    #: Most bytes of a request.
    body_bytes: int = 16 << 20
    #: Seconds that a request may take to come.
    body_seconds: float = 10.0
    #: Most connections of those that have the token; strangers have an eighth as many beside them.
    connections: int = 1024


class RacksConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may work."""

    #: Let in every rack that says hello.
    auto_adopt: bool = False
    #: Racks that are let in by their names.
    adopt: tuple[str, ...] = ()
    #: Seconds between heartbeats.
    beat: float = 2.0
    #: Seconds without a heartbeat after which a rack is offline.
    offline_after: float = 10.0


class WorkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How scenarios are handed out."""

    #: Queues that racks take from.
    pools: tuple[str, ...] = ("default",)
    #: How often a scenario may be taken by racks that do not come back.
    tries: int = 3
    #: Seconds until the scenario of a rack that says nothing more goes to another.
    ack_wait: float = 30.0


class KeepConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the past is kept."""

    #: Days after which a run is forgotten, and content that was not used.
    days: float = 90.0
    #: Runs that are remembered.
    runs: int = 10_000
    #: Bytes of content that was sent; what runs that are under way need is kept beyond.
    bytes: int = 8 << 30


class MixerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """``configs/mixer.yaml``. Folders are relative to where the Mixer is started."""

    #: What a Mixer is called by its racks.
    name: str = "mixer"
    store: str = "store"
    #: Database, content that was sent, keys, and what the server of the Snake keeps.
    data: str = "data"
    #: The startup reference; empty for what was run last.
    scenario: str = ""
    api: ApiConfig = ApiConfig()
    snake: SnakeConfig = SnakeConfig()
    racks: RacksConfig = RacksConfig()
    work: WorkConfig = WorkConfig()
    keep: KeepConfig = KeepConfig()


def read_mixer_config(path: str) -> MixerConfig:
    """The Mixer's. Raises DocumentError and UsageError."""
    config, document = read_config(path, MixerConfig)
    problems = [
        Problem("config.value", document.at(pointer), message, hint) for pointer, message, hint in _faults(config)
    ]
    if problems:
        raise UsageError(problems)
    return config


def _faults(config: MixerConfig) -> list[tuple[tuple[str | int, ...], str, str]]:
    from pytest_fluxscenario.base.names import name_fault

    found: list[tuple[tuple[str | int, ...], str, str]] = []
    for section, name in (("api", "listen"), ("snake", "listen")):
        text = getattr(getattr(config, section), name)
        if split_address(text) is None:
            found.append(
                ((section, name), f"'{shown(text, 80)}' is no address and port", "write it like 127.0.0.1:8090")
            )
    named = [(("name",), config.name)]
    named += [(("work", "pools", at), pool) for at, pool in enumerate(config.work.pools)]  # type: ignore[misc]  # the path grows longer
    named += [(("racks", "adopt", at), rack) for at, rack in enumerate(config.racks.adopt)]  # type: ignore[misc]  # the path grows longer
    for pointer, text in named:
        fault = name_fault(text) or ("a name here has no dot" if "." in text else None)
        if fault:
            found.append((pointer, f"'{shown(text, 80)}' cannot be used", fault))
    if not config.work.pools:
        found.append((("work", "pools"), "there is no pool", "name one, such as default"))
    numbers = (
        (("api", "body_bytes"), config.api.body_bytes, 1 << 12, 256 << 20),
        (("api", "body_seconds"), config.api.body_seconds, 0.1, 600),
        (("api", "connections"), config.api.connections, 16, 100_000),
        (("racks", "beat"), config.racks.beat, 0.05, 3600),
        (("racks", "offline_after"), config.racks.offline_after, 2 * config.racks.beat, 86400),
        (("snake", "queue_bytes"), config.snake.queue_bytes or 1 << 30, 1 << 20, 1 << 50),
        (("keep", "days"), config.keep.days, 0.01, 36_500),
        (("keep", "runs"), config.keep.runs, 1, 1_000_000),
        (("keep", "bytes"), config.keep.bytes, 1 << 20, 1 << 50),
        (("work", "tries"), config.work.tries, 1, 100),
        (("work", "ack_wait"), config.work.ack_wait, 0.2, 3600),
    )
    for where, number, least, most in numbers:
        if not least <= number <= most:
            found.append((where, f"{number:g} is out of bounds", f"from {least:g} to {most:g}"))
    if bool(config.api.tls_cert) != bool(config.api.tls_key):
        found.append((("api",), PAIR, "give tls_cert and tls_key"))
    found += snake_faults(config.snake)
    return found


def token_of(config: ApiConfig, environ: Mapping[str, str]) -> str:
    """The token that the API asks for; empty where it asks for none.

    Raises UsageError where there is none, and the configuration does not say so by name, or one that is no secret.
    """
    token = environ.get(config.token_env, "")
    if config.without_token:
        return ""
    place = Place(config.token_env)
    if not token:
        hint = f"set {config.token_env} to a secret of 16 or more characters, or say 'without_token: true' under 'api'"
        raise UsageError.of(
            "config.token", place, "is not set, and without a token whoever asks would be answered", hint
        )
    if len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token:
        message = "is no usable token: it needs 16 or more printable ASCII characters without spaces"
        raise UsageError.of("config.token", place, message, "make one: openssl rand -hex 32")
    return token
