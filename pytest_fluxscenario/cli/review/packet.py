"""``fluxrig review``: one document that a reviewer can decide on (cli.md)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import add_redaction, count
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural
from pytest_fluxscenario.cli.project.paths import seen_from
from pytest_fluxscenario.cli.project.stores import add_store
from pytest_fluxscenario.cli.review.forms import FORMATS, form_of, text_of

if TYPE_CHECKING:
    from pytest_fluxscenario.analysis.review.packet import RunFrom
    from pytest_fluxscenario.cli.review.reviewed import ReviewedPack
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.model.mutants import MutationReport
    from pytest_fluxscenario.model.review import Packet

_REVIEW: Final = """\
PACK is a pack's folder, its manifest, an archive (*.fstpack), or what the store has under name:tag or sha256:HASH. Its
scenarios are run with evidence, its rules are weakened to see what the scenarios notice, and it is held against the
last version of it in the store. The packet says what stands against an approval first, then everything to decide on:
the rules as a picture and in words, results, coverage, mutants, risks, and the root hash of the evidence.

exit status: 0 nothing stands against an approval, 1 something does (the packet says what), 2 no such pack, or evidence
of another state of it, 3 damage, 130 interrupted"""
#: The evidence of the runs that packets are made of, below the root.
_FOLDER: Final = os.path.join(".fluxscenario", "review")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command; the noun is its own verb."""
    parser.description = f"Write what a reviewer needs to decide on a pack.\n\n{_REVIEW}"
    parser.epilog = "example: fluxrig review scenarios/local_patch_review -o packet.html -o packet.md"
    parser.add_argument("pack", metavar="PACK", help="a folder, a manifest, an archive, or a ref of the store")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="write it to FILE: Markdown, a page or JSON by its suffix (.md, .html, .json), or the picture of the "
        "process alone (.svg); may be repeated",
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="the form, where no suffix says it (default: markdown on standard output)"
    )
    parser.add_argument("--json", action="store_true", help="the packet as one JSON document on standard output")
    _add_evidence(parser)
    parser.add_argument("--no-mutants", action="store_true", help="try no mutants, which the packet then says")
    parser.add_argument(
        "--workers", metavar="N", type=count, default=1, help="processes that share the mutants (default: 1)"
    )
    parser.add_argument(
        "--no-proof", action="store_true", help="prove nothing of the rules, which the packet then says"
    )
    add_store(parser, "where a ref, specs and the version before are looked up")
    add_redaction(parser, "written")
    parser.set_defaults(run=_review)


def _add_evidence(parser: argparse.ArgumentParser) -> None:
    evidence = parser.add_mutually_exclusive_group()
    evidence.add_argument(
        "--evidence",
        metavar="DIR",
        help="where the evidence of the run goes (default: .fluxscenario/review in the root)",
    )
    evidence.add_argument(
        "--from",
        dest="earlier",
        metavar="DIR",
        help="take the evidence of an earlier run, such as pytest's, instead of running the scenarios",
    )


def _review(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.analysis.review.packet import Sources, packet_of
    from pytest_fluxscenario.cli.project.settings import Asked
    from pytest_fluxscenario.cli.review.comparison import compare_for_review
    from pytest_fluxscenario.cli.review.proof import proof_for_review
    from pytest_fluxscenario.cli.review.reviewed import open_reviewed
    from pytest_fluxscenario.evidence.circumstances import tool
    from pytest_fluxscenario.evidence.redact import Redactor

    targets = [(path, form_of(path, options.format)) for path in options.output]
    start = os.getcwd()
    asked = Asked(options.store, redact=tuple(options.redact), redact_env=tuple(options.redact_env))
    reviewed = open_reviewed(options.pack, asked, start)
    settings = reviewed.settings
    redactor = Redactor(settings.redact, settings.redact_env, os.environ)
    run = _run(reviewed, options, redactor, outputs)
    mutants = _mutants(reviewed, options, outputs)
    proof = "none was asked for (--no-proof)" if options.no_proof else proof_for_review(reviewed, outputs)
    comparison = compare_for_review(reviewed)
    packet = packet_of(
        Sources(tool(), reviewed.checked, reviewed.pack, reviewed.tree_hash, run, mutants, proof, comparison, redactor)
    )
    _write(packet, targets, options, outputs)
    return exits.DONE if packet.verdict.ready else exits.NO


def _run(reviewed: ReviewedPack, options: argparse.Namespace, redactor: Redactor, outputs: Outputs) -> RunFrom | str:
    """The evidence of the run, or why there is none."""
    from pytest_fluxscenario.analysis.review.packet import RunFrom
    from pytest_fluxscenario.cli.review.reviewed import run_for_review

    start, root = os.getcwd(), reviewed.settings.root
    if reviewed.pack is None:
        return "the pack cannot be used"
    if options.evidence == "off":
        raise UsageError.of("review.evidence", Place("--evidence off"), "a packet needs evidence", "name a folder")
    if options.earlier is not None:
        return RunFrom(os.path.join(start, options.earlier), _named(options.earlier, start, root), fresh=False)
    folder = os.path.join(start, options.evidence) if options.evidence else os.path.join(root, _FOLDER)
    if not run_for_review(reviewed, folder, redactor, start, Progress(outputs.err)):
        return "there is none"
    return RunFrom(folder, _named(folder, start, root), fresh=True)


def _named(folder: str, start: str, root: str) -> str:
    """How the packet calls a folder: as seen from the root, and as it was given where it lies outside."""
    whole = os.path.join(start, folder)
    name = seen_from(root, whole)
    return folder if name == whole else name


def _mutants(reviewed: ReviewedPack, options: argparse.Namespace, outputs: Outputs) -> MutationReport | str:
    from pytest_fluxscenario.cli.review.mutants import mutants_for_review

    if options.no_mutants:
        return "it was asked for none (--no-mutants)"
    return mutants_for_review(reviewed, options.workers, outputs)


def _write(packet: Packet, targets: list[tuple[str, str]], options: argparse.Namespace, outputs: Outputs) -> None:
    from pytest_fluxscenario.base.fs import replace_file

    for path, form in targets:
        replace_file(path, text_of(packet, form).encode())
    if options.json:
        import msgspec

        outputs.json(msgspec.to_builtins(packet))
    elif not targets:
        outputs.out.write(text_of(packet, options.format or "markdown"))
    else:
        against = packet.verdict.against
        said = f"not ready, {plural(len(against), 'thing')} against it: {'; '.join(against)}" if against else "ready"
        where = ", ".join(path for path, _ in targets)
        outputs.out.line(
            one_line(f"{packet.pack.id} {packet.pack.version}: {said} ({where})"), "red" if against else ""
        )
