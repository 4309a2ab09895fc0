"""``fluxrig evidence``: verify, show and split what a run left (evidence.md)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import msgspec

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import DamageError, FluxError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import command, verbs
from pytest_fluxscenario.cli.console.render import COLOURS, Outputs, one_line, plural, problem_json
from pytest_fluxscenario.cli.evidence import html, sign
from pytest_fluxscenario.cli.project.signing import add_public_keys
from pytest_fluxscenario.evidence.reading import find_record, read_manifest

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.verify import Verified
    from pytest_fluxscenario.model.evidence import Manifest, ManifestScenario

_VERIFY = """\
Finds records that were edited, removed, reordered, cut, doubled or added, a manifest that says otherwise than the
records, and any other byte that changed. Of a session that died, what varies in its records is covered by no hash.
The hashes have no key: whoever can write the folder can write another that holds, so keep the root elsewhere, or have
the evidence signed (fluxrig evidence sign) and verify it with --key.

exit status: 0 intact, 1 intact as far as it goes but the run is incomplete, 2 no evidence there, 3 damaged"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    one = command(
        commands,
        "verify",
        "say whether evidence is as it was written",
        "fluxrig evidence verify .fluxscenario/evidence",
        _VERIFY,
    )
    one.add_argument("folder", metavar="DIR", help="the folder with manifest.json and records.jsonl")
    add_public_keys(one)
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_verify)
    sign.add(commands)
    one = command(
        commands,
        "show",
        "print a run, or one record of it, for people",
        "fluxrig evidence show .fluxscenario/evidence approval_required",
    )
    one.add_argument("folder", metavar="DIR", help="the folder with manifest.json and records.jsonl")
    one.add_argument(
        "id", metavar="ID", nargs="?", help="an item (file::id), or a scenario's id where only one file has it"
    )
    one.set_defaults(run=_show)
    html.add(commands)
    one = command(
        commands, "split", "write a file for each record", "fluxrig evidence split .fluxscenario/evidence build/records"
    )
    one.add_argument("folder", metavar="DIR", help="the folder with manifest.json and records.jsonl")
    one.add_argument("out", metavar="OUT", help="a new or empty folder")
    one.set_defaults(run=_split)


def _verify(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.evidence.verify import verify

    try:
        verified = verify(options.folder)
        signers = sign.check(options, verified)
    except DamageError as error:
        if not options.json:
            raise
        outputs.json({"intact": False, "problems": [problem_json(problem) for problem in error.problems]})
        return exits.DAMAGE
    if options.json:
        outputs.json({**_verified_json(verified), **({"signed_by": signers} if signers else {})})
    else:
        _say_verified(options.folder, verified, outputs)
        for signer in signers:
            outputs.out.line(f"signed with {signer}", "green")
    if not verified.intact:
        return exits.DAMAGE
    return exits.NO if verified.manifest.verdict == "incomplete" else exits.DONE


def _say_verified(folder: str, verified: Verified, outputs: Outputs) -> None:
    out, manifest = outputs.out, verified.manifest
    for problem in verified.problems:
        out.line(one_line(str(problem)), "red")
    if verified.more:
        out.line(f"and {verified.more} more", "red")
    for note in verified.notes:
        out.line(one_line(note), "yellow")
    records = plural(verified.records, "record")
    if verified.intact:
        what = f"evidence intact: {records}, verdict {manifest.verdict}, root {manifest.root}"
        out.line(f"{what} ({shown(folder)})", COLOURS[manifest.verdict])
    else:
        found = plural(len(verified.problems) + verified.more, "problem")
        out.line(f"evidence damaged: {found}, {records} ({shown(folder)})", "red")


def _verified_json(verified: Verified) -> dict[str, object]:
    manifest = verified.manifest
    return {
        "intact": verified.intact,
        "finished": verified.finished,
        "verdict": manifest.verdict,
        "root": manifest.root,
        "records": verified.records,
        "counts": manifest.counts,
        "problems": [problem_json(problem) for problem in verified.problems],
        "more_problems": verified.more,
        "notes": list(verified.notes),
    }


def _show(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.evidence.show import record_lines, run_lines

    manifest = read_manifest(options.folder).manifest
    if options.id is None:
        for line in run_lines(manifest):
            outputs.out.line(line, COLOURS.get(line.partition(" ")[0], ""))
        return exits.DONE
    entry = _chosen(manifest, options.folder, options.id)
    record = find_record(options.folder, entry.id)
    if record is None:
        note = f": {shown(entry.note)}" if entry.note is not msgspec.UNSET else ""
        if entry.ref is not msgspec.UNSET:
            raise DamageError.of("evidence.removed", Place(shown(entry.id)), "its record is missing from the log")
        outputs.err.line(f"{shown(entry.id)} has no record: {entry.outcome}{note}")
        return exits.NO
    result = bytes(record.result)
    for line in record_lines(entry, record.ref, msgspec.json.decode(result), msgspec.json.decode(record.volatile)):
        outputs.out.line(line)
    if sha256_ref(result) != record.ref or entry.ref not in (record.ref, msgspec.UNSET):
        hint = f"run: fluxrig evidence verify {shown(options.folder)}"
        raise DamageError.of("evidence.edited", Place(shown(entry.id)), "this record is not what was written", hint)
    return exits.DONE


def _chosen(manifest: Manifest, folder: str, wanted: str) -> ManifestScenario:
    from pytest_fluxscenario.evidence.show import known_names, listed, matching

    found = matching(manifest, wanted)
    if len(found) == 1:
        return found[0]
    place = Place(shown(folder))
    if found:
        raise _unclear(place, wanted, listed(found))
    hint = did_you_mean(wanted, known_names(manifest))
    raise UsageError.of("evidence.unknown", place, f"no scenario '{shown(wanted)}' was collected in this run", hint)


def _unclear(place: Place, wanted: str, names: str) -> FluxError:
    message = f"'{shown(wanted)}' names several: {names}"
    return UsageError.of("evidence.ambiguous", place, message, "give the whole name, with its file")


def _split(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.evidence.split import split

    count = split(options.folder, options.out)
    outputs.out.line(f"{plural(count, 'record')} in {shown(options.out)}")
    return exits.DONE
