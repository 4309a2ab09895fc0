"""``fluxrig evidence sign``: evidence as an in-toto statement that a key has signed (evidence.md)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.errors import DamageError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.project.signing import KEYS, add_private_key, check_signature, write_signature

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.verify import Verified

_SIGN = f"""\
Verifies the evidence first. The signature goes into attestation.intoto.json beside it: an in-toto statement (test
result) in a DSSE envelope, which also cosign reads. It says which scenarios passed and which did not: a run that
failed can be signed as well. A second key adds its signature.

{KEYS}

exit status: 0 signed, 2 no evidence there, no key or another run's signature in the way, 3 damaged evidence"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig evidence sign .fluxscenario/evidence --key key.pem"
    one = command(commands, "sign", "sign what a run left", example, _SIGN)
    one.add_argument("folder", metavar="DIR", help="the folder with manifest.json and records.jsonl")
    add_private_key(one)
    one.add_argument("--force", action="store_true", help="replace the signature of an earlier run")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_sign)


def _sign(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.evidence.statement import run_statement
    from pytest_fluxscenario.evidence.verify import verify

    verified = verify(options.folder)
    if not verified.intact:
        raise DamageError(verified.problems)
    if not verified.finished:
        message = "the session of this evidence did not come to its end"
        raise UsageError.of("sign.unfinished", Place(shown(options.folder)), message, "run the scenarios again")
    path = _path(options.folder)
    key = write_signature(run_statement(verified.manifest), path, options, outputs)
    verdict, root = verified.manifest.verdict, verified.manifest.root
    if options.json:
        outputs.json({"attestation": path, "key": key, "verdict": verdict, "root": root})
    else:
        outputs.out.line(f"signed: verdict {verdict}, root {root}, key {key}, in {shown(path)}")
    return exits.DONE


def check(options: argparse.Namespace, verified: Verified) -> list[str]:
    """The keys of ``--key`` that have signed intact evidence: all of them. Raises DamageError where one has not."""
    from pytest_fluxscenario.evidence.statement import run_statement

    if not options.key or not verified.intact:
        return []
    if not verified.finished:
        message = "the session of this evidence did not come to its end: nobody can have signed it"
        raise DamageError.of("sign.missing", Place(shown(options.folder)), message)
    return check_signature(run_statement(verified.manifest), _path(options.folder), options.key)


def _path(folder: str) -> str:
    from pytest_fluxscenario.evidence.statement import ATTESTATION

    return os.path.join(folder, ATTESTATION)
