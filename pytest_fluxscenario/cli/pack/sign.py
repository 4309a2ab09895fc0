"""``fluxrig pack sign`` and ``fluxrig pack verify``: who vouches for an archive."""

from __future__ import annotations

import argparse
import os
from typing import Any, Final
from urllib.parse import quote

from pytest_fluxscenario.base.digest import Digest
from pytest_fluxscenario.base.errors import ProfileError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import ARCHIVE_SUFFIX
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.project.signing import (
    KEYS,
    add_private_key,
    add_public_keys,
    check_signature,
    write_signature,
)
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import stream_source

#: in-toto attestation framework, predicate "Release".
_RELEASE: Final = "https://in-toto.io/attestation/release/v0.1"
_SUFFIX: Final = ".intoto.json"
#: As large as the largest archive.
_LIMITS: Final = Limits(file_bytes=128 << 20)

_SIGN: Final = f"""\
The signature goes into FILE{_SUFFIX}: an in-toto statement (release) in a DSSE envelope, which also cosign reads. It
names the archive by the hash of its bytes, the process and its version. A second key adds its signature.

{KEYS}

exit status: 0 signed, 2 no archive, no key or another archive's signature in the way"""
_VERIFY: Final = f"""\
The archive must be, byte for byte, the one that each key has signed in FILE{_SUFFIX}. Nothing of it is run.

exit status: 0 signed with each key, 2 no archive or no key, 3 not signed so, or changed since"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the commands."""
    archive = f"what fluxrig pack build wrote (*{ARCHIVE_SUFFIX})"
    one = command(commands, "sign", "sign an archive", "fluxrig pack sign announcement.fstpack --key key.pem", _SIGN)
    one.add_argument("archive", metavar="FILE", help=archive)
    add_private_key(one)
    one.add_argument("--force", action="store_true", help="replace the signature of another archive")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_sign)
    example = "fluxrig pack verify announcement.fstpack --key public.pem"
    one = command(commands, "verify", "say whether keys have signed an archive", example, _VERIFY)
    one.add_argument("archive", metavar="FILE", help=archive)
    add_public_keys(one, required=True)
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_verify)


def _sign(options: argparse.Namespace, outputs: Outputs) -> int:
    statement, name = _statement(options.archive)
    path = options.archive + _SUFFIX
    key = write_signature(statement, path, options, outputs)
    if options.json:
        outputs.json({"attestation": path, "key": key, "subject": statement["subject"][0], "process": name})
    else:
        outputs.out.line(f"signed: {name}, key {key}, in {shown(path)}")
    return exits.DONE


def _verify(options: argparse.Namespace, outputs: Outputs) -> int:
    statement, name = _statement(options.archive)
    signers = check_signature(statement, options.archive + _SUFFIX, options.key)
    if options.json:
        outputs.json({"process": name, "subject": statement["subject"][0], "signed_by": signers})
    else:
        for signer in signers:
            outputs.out.line(f"{name} is signed with {signer}", "green")
    return exits.DONE


def _statement(path: str) -> tuple[dict[str, Any], str]:
    """What is signed of an archive, and the process in it.

    Raises DocumentError, StoreError or ProfileError for what is no archive of a pack, UsageError for one that changes.
    """
    from pytest_fluxscenario.cas.archive import read_archive
    from pytest_fluxscenario.documents.envelope import statement_of
    from pytest_fluxscenario.packs.files import TreeFiles
    from pytest_fluxscenario.packs.manifest import check_manifest, read_manifest

    name = shown(path)
    ref = _file_ref(path)
    tree = read_archive(path, name)
    problems = Problems()
    written = read_manifest(TreeFiles(tree, name), problems)
    check_manifest(written, TreeFiles(tree, name), problems)
    if problems.errors:
        raise ProfileError(problems.errors)
    if _file_ref(path) != ref:
        raise UsageError.of("sign.changed", Place(name), "changed while it was read", "do it again")
    process = written.manifest.process
    predicate = {
        "purl": f"pkg:generic/{quote(process.id)}@{quote(process.version)}",
        "fluxscenario": {"process": process.id, "version": process.version, "hash": f"sha256:{tree.hash}"},
    }
    subject = (os.path.basename(path), ref)
    return statement_of([subject], _RELEASE, predicate), f"{process.id}:v{process.version}"


def _file_ref(path: str) -> str:
    digest = Digest()
    for piece in stream_source(path, shown(path), _LIMITS):
        digest.add(piece)
    return digest.ref
