"""The Mixer that commands speak to: the one that the environment names (docs/cli.md)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_fluxscenario.remote.client import Client

_DEFAULT: Final = "http://127.0.0.1:8090"
#: For the help of commands.
WHICH: Final = f"""\
The Mixer is the one at FLUXRIG_API_URL, else {_DEFAULT}; its token is taken from FLUXRIG_API_TOKEN."""


def client_of_process() -> Client:
    """A connection to it. Raises UsageError for an address that is none."""
    from pytest_fluxscenario.remote.client import TOKEN_VARIABLE, URL_VARIABLE, Client, read_url
    from pytest_fluxscenario.telemetry.trace import PARENT_VARIABLE, traceparent

    url = read_url(os.environ.get(URL_VARIABLE) or _DEFAULT, URL_VARIABLE)
    # What runs on racks for a step of somebody's pipeline belongs to its trace.
    trace = traceparent(os.environ.get(PARENT_VARIABLE, ""))
    return Client(url, os.environ.get(TOKEN_VARIABLE, ""), trace=trace)
