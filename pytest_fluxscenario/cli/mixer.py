"""``fluxrig-mixer``: the control plane of a fleet, from its command line to its end (docs/fleet.md)."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, Version
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.fleet.traced import ExportingHandler, serving

if TYPE_CHECKING:
    from pytest_fluxscenario.fleet.mixer.config import MixerConfig
    from pytest_fluxscenario.fleet.mixer.mixer import Mixer
    from pytest_fluxscenario.fleet.mixer.startup import Startup

_MORE = """\
FILE says where the Mixer listens, what its store is and which racks it lets in (docs/fleet.md). Its token is taken from
FLUXRIG_API_TOKEN: 16 or more characters. REF is what it runs when a run names nothing: a path (with a /), a ref of the
store, or '' for what was run last. SIGTERM, SIGHUP and Ctrl-C end it; it goes on with its runs when it is started
again.

exit status: 0 ended as it was told, 2 an unusable configuration, address or database, 3 a damaged store or database"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a Mixer until it is told to end; gives its exit status. SystemExit for bad usage, --help and --version."""
    options = _parser().parse_args(sys.argv[1:] if argv is None else list(argv))
    outputs = Outputs.of_process()
    try:
        return _run(options, outputs)
    except FluxError as error:
        outputs.error(error)
        return error.exit_status
    except KeyboardInterrupt:
        outputs.err.line("interrupted")
        return exits.INTERRUPTED
    except OSError as error:
        name = f"{shown(error.filename)}: " if error.filename else ""
        outputs.err.line(f"{name}{shown(error.strerror or type(error).__name__)}")
        return exits.USAGE
    finally:
        outputs.err.flush()


def _parser() -> Parser:
    parser = Parser(
        prog="fluxrig-mixer",
        description=f"Hand out scenarios to racks, and keep what they find.\n\n{_MORE}",
        epilog="example: fluxrig-mixer -c configs/mixer.yaml -s payment-flow:latest",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=Version, help="show the version and exit")
    parser.add_argument("-c", "--config", metavar="FILE", required=True, help="the Mixer's configuration")
    parser.add_argument("-s", "--scenario", metavar="REF", help="what it runs when a run names nothing")
    parser.add_argument("--check", action="store_true", help="say whether it could start, change nothing, and exit")
    return parser


def _run(options: argparse.Namespace, outputs: Outputs) -> int:
    import asyncio

    try:
        from pytest_fluxscenario.fleet.mixer.config import read_mixer_config, token_of
        from pytest_fluxscenario.fleet.mixer.mixer import Mixer
        from pytest_fluxscenario.fleet.mixer.startup import resolve_startup
        from pytest_fluxscenario.fleet.mixer.web.connections import allow_descriptors
    except ModuleNotFoundError as error:
        hint = "pip install 'pytest-fluxscenario[fleet]'"
        raise UsageError.of("fleet.extra", Place("fluxrig-mixer"), f"needs {error.name}", hint) from None
    config = read_mixer_config(options.config)
    token = token_of(config.api, os.environ)
    startup = resolve_startup(config.store, config.scenario if options.scenario is None else options.scenario)
    if options.check:
        return _check(config, startup, outputs)
    _log(outputs)
    allow_descriptors(config.api.connections)

    def line(text: str) -> None:
        outputs.err.line(f"mixer: {text}")
        outputs.err.flush()

    with serving("fluxrig-mixer", line) as telemetry:
        exporting = None if telemetry is None else ExportingHandler(telemetry)
        if exporting is not None:
            logging.getLogger("fluxrig").addHandler(exporting)

        def ready(mixer: Mixer) -> None:
            for text in _told(mixer, outputs):
                if telemetry is not None:
                    telemetry.log(text)

        try:
            asyncio.run(_serve(Mixer(config, token, startup, telemetry=telemetry), ready))
        finally:
            if exporting is not None:
                logging.getLogger("fluxrig").removeHandler(exporting)
    outputs.err.line("mixer: ended")
    return exits.DONE


def _check(config: MixerConfig, startup: Startup, outputs: Outputs) -> int:
    """Say what a start would find. Raises FluxError with what would stop it; a Mixer that runs is no fault."""
    from pytest_fluxscenario.fleet.mixer.data_folder import check_data
    from pytest_fluxscenario.fleet.mixer.history.tables import look
    from pytest_fluxscenario.fleet.mixer.mixer import DATABASE, check_listen
    from pytest_fluxscenario.fleet.snake.server import find_program

    check_listen(config)
    check_data(config.data, DATABASE)
    if not config.snake.url:
        find_program()
    path = os.path.join(config.data, DATABASE)
    try:
        said = look(path)
    except FluxError as error:
        if error.problems[0].code != "database.locked":
            raise
        said = "is in use: a Mixer works with it"
    outputs.out.line(f"the database {shown(path, 300)} {said}")
    outputs.out.line(f"started with {shown(startup.text)}" if startup.text else "started with nothing to run")
    outputs.out.line("the configuration is in order", "green")
    return exits.DONE


async def _serve(mixer: Mixer, ready: Callable[[Mixer], None]) -> None:
    import asyncio
    import signal

    until, loop = asyncio.Event(), asyncio.get_running_loop()
    # A terminal that is closed ends it in order too.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, until.set)
    await mixer.run(ready, until)


def _told(mixer: Mixer, outputs: Outputs) -> list[str]:
    """Say that it serves; gives what was said."""
    from pytest_fluxscenario.fleet.mixer.exposure import in_clear

    data = shown(os.path.abspath(mixer.config.data), 300)
    said = [f"{mixer.url} (the page, and REST below /v1), Snake {mixer.snake_url}, data in {data}"]
    service = mixer.service
    racks = len(service.registry.all()) if service is not None else 0
    resumed = f", goes on with {plural(mixer.resumed, 'run')}" if mixer.resumed else ""
    active = f", started with {shown(mixer.startup.text)}" if mixer.startup.text else ""
    said.append(f"{plural(racks, 'rack')} known{resumed}{active}; Ctrl-C ends it")
    for text in said:
        outputs.err.line(f"mixer: {text}")
    for sentence in in_clear(mixer.config):
        outputs.err.line(f"mixer: {sentence}", "yellow")
        said.append(sentence)
    if not mixer.token:
        outputs.err.line("mixer: whoever asks on this machine is answered: 'without_token' is set", "yellow")
    outputs.err.flush()
    return said


def _log(outputs: Outputs) -> None:
    """What goes wrong while it serves is told on standard error, a line each."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                said += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
            outputs.err.line(f"mixer: {shown(said, 1000)}", "yellow")
            outputs.err.flush()

    logging.basicConfig(level=logging.WARNING, handlers=[Lines()])
    # What strangers send is refused, and is no trouble of the Mixer.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # What the NATS library meets, and asyncio where it upgrades a connection to TLS, is told in words of our own.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    logging.getLogger("nats").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    sys.exit(main())
