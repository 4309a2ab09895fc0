"""``fluxrig schema``: the JSON Schemas of the documents that are read and written (evidence.md, "Schemas")."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.render import Outputs


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command; the noun is its own verb."""
    parser.epilog = "example: fluxrig schema scenario > scenario.schema.json"
    parser.add_argument("name", metavar="NAME", nargs="?", help="a document; without one, the names are listed")
    parser.set_defaults(run=_schema)


def _schema(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.model.schema import DOCUMENTS, schema_text

    if options.name is None:
        for name in DOCUMENTS:
            outputs.out.line(name)
        return exits.DONE
    if options.name not in DOCUMENTS:
        message = f"there is no schema '{shown(options.name, 80)}'"
        raise UsageError.of("schema.unknown", Place("fluxrig schema"), message, did_you_mean(options.name, DOCUMENTS))
    outputs.out.data(schema_text(options.name).encode())
    return exits.DONE
