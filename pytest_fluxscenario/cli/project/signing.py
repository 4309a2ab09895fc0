"""What commands that sign and verify have in common: keys, and where a signature lies."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, Final

from pytest_fluxscenario.base.errors import DamageError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console.render import Outputs, one_line

if TYPE_CHECKING:
    from pytest_fluxscenario.documents.keys import PublicKey

_PASSWORD: Final = "FLUXRIG_KEY_PASSWORD"

KEYS: Final = f"""\
Keys are Ed25519 or ECDSA P-256, in PEM (openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem
-pubout -out public.pem). {_PASSWORD} opens a private key that is encrypted."""


def add_private_key(parser: argparse.ArgumentParser) -> None:
    """Add ``--key`` to a command that signs."""
    parser.add_argument("--key", metavar="FILE", required=True, help="the private key")


def add_public_keys(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add ``--key`` to a command that verifies; it may be given again."""
    more = "each of several must have signed"
    parser.add_argument(
        "--key", metavar="FILE", action="append", default=[], required=required, help=f"a public key; {more}"
    )


def write_signature(statement: dict[str, Any], path: str, options: argparse.Namespace, outputs: Outputs) -> str:
    """Sign a statement with the key of ``--key`` into the file at ``path``; gives the key's id.

    Signatures of the same statement that lie there stay. Raises UsageError where another statement's do.
    """
    from pytest_fluxscenario.base.canonical import canonical
    from pytest_fluxscenario.base.fs import replace_file
    from pytest_fluxscenario.documents.envelope import read_envelope, sign
    from pytest_fluxscenario.documents.keys import load_signing_key

    key = load_signing_key(options.key, os.environ.get(_PASSWORD))
    if os.stat(options.key).st_mode & 0o077:
        outputs.err.line(one_line(f"{shown(options.key)}: others may read this private key (chmod 600 it)"), "yellow")
    earlier = None
    if os.path.lexists(path):
        earlier = read_envelope(path)
        if earlier.payload != canonical(statement) and not options.force:
            hint = "--force replaces it"
            raise UsageError.of("sign.other", Place(shown(path)), "signs something else, such as an earlier run", hint)
    replace_file(path, sign(statement, key, earlier))
    return key.id


def check_signature(statement: dict[str, Any], path: str, keys: list[str]) -> list[str]:
    """Hold the envelope at ``path`` against ``statement``; gives each key's file and id.

    Raises DamageError where it is missing, is not signed with each of the keys or signs something else.
    """
    from pytest_fluxscenario.documents.envelope import first_difference, read_envelope
    from pytest_fluxscenario.documents.keys import load_public_key

    public: list[PublicKey] = [load_public_key(key) for key in keys]
    place = Place(shown(path))
    if not os.path.lexists(path):
        raise DamageError.of("sign.missing", place, "there is no signature", "it was not signed, or the file is lost")
    said = read_envelope(path).statement(public)
    where = first_difference(said, statement)
    if where:
        message = f"signs something else: {shown(where, 200)} is not what it is here"
        raise DamageError.of("sign.other", place, message, "what is here was changed or made anew since")
    return [f"{shown(one.name)} {one.id}" for one in public]
