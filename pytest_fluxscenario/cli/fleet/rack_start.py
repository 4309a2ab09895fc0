"""``fluxrig rack start``: a worker that takes scenarios from a Mixer (docs/fleet.md)."""

from __future__ import annotations

import argparse
import os

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.fleet.traced import serving
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.telemetry import words

_START = """\
FILE says what the rack is called and where its Mixer's NATS is (docs/fleet.md). A rack that is new to its Mixer waits
until it is adopted: by the Mixer's configuration, or by fluxrig rack approve. What becomes of it is told on standard
error. SIGTERM and Ctrl-C let what is under way come to its end; the second one gives it to other racks at once.

exit status: 0 ended as it was told, 2 an unusable configuration, or a Mixer that does not let the rack in"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    one = command(commands, "start", "run scenarios for a Mixer", "fluxrig rack start -c configs/rack.yaml", _START)
    one.add_argument("-c", "--config", metavar="FILE", required=True, help="the rack's configuration")
    one.set_defaults(run=_start)


def _start(options: argparse.Namespace, outputs: Outputs) -> int:
    import asyncio
    import logging

    # What the NATS library meets, and asyncio where it upgrades a connection to TLS, is told in words of our own.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    try:
        from pytest_fluxscenario.fleet.rack.config import read_rack_config
        from pytest_fluxscenario.fleet.rack.rack import serve
    except ModuleNotFoundError as error:
        hint = "pip install 'pytest-fluxscenario[fleet]'"
        raise UsageError.of("fleet.extra", Place("fluxrig rack"), f"needs {error.name}", hint) from None
    config = read_rack_config(options.config)

    def line(text: str) -> None:
        outputs.err.line(f"rack {config.name}: {text}")
        outputs.err.flush()

    with serving("fluxrig-rack", line, {words.RACK: config.name}) as telemetry:
        text = Redactor((), config.redact_env, os.environ).text

        def say(said: str) -> None:
            line(said)
            if telemetry is not None:
                telemetry.log(text(said))

        asyncio.run(serve(config, say, telemetry))
    return exits.DONE
