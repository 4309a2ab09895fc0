"""What others on the network could reach, and read on its way to and from a Mixer."""

from __future__ import annotations

import ipaddress

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.configuration import split_address
from pytest_fluxscenario.fleet.mixer.config import MixerConfig


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_clear(config: MixerConfig) -> list[str]:
    """What of a configuration lets others read along, a sentence each, with what to do."""
    found: list[str] = []
    api, snake = config.api, config.snake
    if not api.tls_cert and not is_loopback(_host(api.listen)):
        hint = "give it a certificate: tls_cert and tls_key of 'api', or put a proxy with TLS before it"
        found.append(f"REST on {shown(api.listen, 80)} speaks in clear, its token too ({hint})")
    if snake.url:
        if not snake.url.startswith("tls://") and not all(map(is_loopback, _hosts(snake.url))):
            found.append("the link to the NATS cluster is in clear (write tls:// in url of 'snake')")
    elif not snake.tls_cert and not is_loopback(_host(snake.listen)):
        hint = "give it a certificate: tls_cert and tls_key of 'snake'"
        found.append(f"the Snake on {shown(snake.listen, 80)} speaks in clear ({hint})")
    return found


def _host(address: str) -> str:
    return (split_address(address) or ("", 0))[0]


def _hosts(url: str) -> list[str]:
    from urllib.parse import urlsplit

    from pytest_fluxscenario.fleet.snake.access import split_url

    return [urlsplit(one).hostname or "" for one in split_url(url)]
