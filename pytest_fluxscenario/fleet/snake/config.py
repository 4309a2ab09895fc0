"""The section ``snake`` of ``configs/mixer.yaml``: the link to the racks."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from pytest_fluxscenario.fleet.configuration import PAIR
from pytest_fluxscenario.fleet.snake.access import url_fault


class SnakeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The link to the racks."""

    #: Address and port of the server that the Mixer starts.
    listen: str = "127.0.0.1:4222"
    #: A server or a cluster that is there already, instead of one of its own; several with commas between them.
    url: str = ""
    #: File that says who connects there; empty for the Mixer's own key, ``keys/mixer.nk`` below ``data``.
    credentials: str = ""
    #: On how many servers of a cluster each stream is kept; 0 for what it is, and 1 for a new one.
    replicas: int = 0
    #: Bytes that each stream keeps; 0 for 4 GiB on a server of its own, and for what it is on another.
    queue_bytes: int = 0
    #: Certificate that this side shows, and its key: as a server of its own, or as a client of another.
    tls_cert: str = ""
    tls_key: str = ""
    #: Who must have signed what the other side shows: each rack's, or the server's.
    tls_ca: str = ""


def snake_faults(snake: SnakeConfig) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What cannot be used together: a path below the section's, what is wrong, and what to do."""
    if bool(snake.tls_cert) != bool(snake.tls_key):
        yield ("snake",), PAIR, "give tls_cert and tls_key"
    if snake.tls_ca and not snake.tls_cert and not snake.url:
        hint = "give tls_cert and tls_key, or leave it out"
        yield ("snake", "tls_ca"), "without a certificate of its own the server asks for none", hint
    if snake.url and (fault := url_fault(snake.url)) is not None:
        yield (("snake", "url"), *fault)
    if not snake.url and (snake.credentials or snake.replicas):
        name = "credentials" if snake.credentials else "replicas"
        yield ("snake", name), f"{name} is for a cluster that is there already", "name it: url"
    if snake.replicas not in (0, 1, 3, 5):
        yield ("snake", "replicas"), f"a stream is not kept on {snake.replicas} servers", "1, 3 or 5"
