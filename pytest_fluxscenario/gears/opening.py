"""Which gear a setting means: ``stdio:COMMAND``, ``http://…``, ``mcp:COMMAND``, ``mcp+http://…`` or ``module:name``."""

from __future__ import annotations

import re
import shlex
from typing import Final
from urllib.parse import urlsplit

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.gears.http import HttpChannel
from pytest_fluxscenario.gears.in_process import InProcessGear
from pytest_fluxscenario.gears.port import Gear
from pytest_fluxscenario.gears.remote import Channel, RemoteGear
from pytest_fluxscenario.gears.settings import FORMS, GearSettings
from pytest_fluxscenario.gears.stdio import StdioChannel

_PYTHON: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def open_gear(settings: GearSettings) -> Gear | None:
    """The gear that is asked for, not yet started; None for the built-in engine. Raises UsageError."""
    address = settings.gear
    if not address:
        return None
    name = settings.name or address
    kind, _, rest = address.partition(":")
    if kind in ("http", "https"):
        _check_url(name, address)
        return RemoteGear(name, lambda: HttpChannel(name, address, settings.timeout, settings.token))
    if kind in ("mcp+http", "mcp+https"):
        url = address.removeprefix("mcp+")
        _check_url(name, url)
        return RemoteGear(name, lambda: _mcp(name, settings, url=url))
    if kind in ("stdio", "mcp"):
        command = _command(name, rest)
        if kind == "stdio":
            return RemoteGear(name, lambda: StdioChannel(name, command, settings.timeout), private=True)
        return RemoteGear(name, lambda: _mcp(name, settings, command=command), private=True)
    if _PYTHON.fullmatch(address):
        return InProcessGear(name, kind, rest)
    raise _unusable(name, "names no gear", f"write {FORMS}")


def _mcp(name: str, settings: GearSettings, *, url: str = "", command: tuple[str, ...] = ()) -> Channel:
    from pytest_fluxscenario.gears.mcp import McpChannel

    return McpChannel(name, settings.timeout, url=url, command=command, token=settings.token)


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _unusable(name, f"has no usable address: {shown(error)}", f"write {FORMS}") from error
    if not parts.hostname or parts.username is not None or not url.isascii() or set(url) & set(" \r\n\t"):
        hint = "write http://HOST:PORT/PATH; a token goes into FLUXRIG_GEAR_TOKEN"
        raise _unusable(name, "has no usable address", hint)


def _command(name: str, text: str) -> tuple[str, ...]:
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:
        raise _unusable(name, f"has no usable command: {shown(error)}", "quote it as in a shell") from error
    if not command:
        raise _unusable(name, "names no command", f"write {FORMS}")
    return command


def _unusable(name: str, message: str, hint: str) -> UsageError:
    return UsageError.of("gear.setting", Place(""), f"the gear '{shown(name, 200)}' {message}", hint)
