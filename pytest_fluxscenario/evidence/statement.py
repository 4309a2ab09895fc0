"""What a signature of evidence says: an in-toto statement with the predicate for test results.

Its subjects are the two files of the evidence. Everything in it follows from the manifest, so whoever verifies it makes
it again and compares: a signature under other words is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.documents.envelope import statement_of
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS, manifest_bytes
from pytest_fluxscenario.model.evidence import Manifest, RunVerdict

#: in-toto attestation framework, predicate "Test Result".
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
#: The file that a signature of an evidence folder lies in.
ATTESTATION: Final = "attestation.intoto.json"
#: An incomplete run proves nothing, and the predicate has no word for it.
_RESULTS: Final[Mapping[RunVerdict, str]] = {"passed": "PASSED", "failed": "FAILED", "incomplete": "FAILED"}
_FAILED: Final = frozenset({"failed", "error", "crashed"})


def run_statement(manifest: Manifest) -> dict[str, Any]:
    """The statement of a finished run whose evidence is intact; its subjects are the two files.

    A scenario that did not run, was skipped or failed as expected is a warned test, and never a passed one.
    """
    outcomes = [(entry.id, entry.outcome) for entry in manifest.scenarios]
    predicate = {
        "result": _RESULTS[manifest.verdict],
        "configuration": [
            {
                "name": f"{profile.id}@{profile.version}",
                "digest": {"fluxscenarioProfile": profile.hash.removeprefix("sha256:")},
                "annotations": {"origin": profile.origin, "source": profile.source},
            }
            for profile in manifest.profiles
        ],
        "passedTests": [name for name, outcome in outcomes if outcome == "passed"],
        "warnedTests": [name for name, outcome in outcomes if outcome != "passed" and outcome not in _FAILED],
        "failedTests": [name for name, outcome in outcomes if outcome in _FAILED],
        "fluxscenario": {"verdict": manifest.verdict, "root": manifest.root, "counts": manifest.counts},
    }
    subjects = ((MANIFEST, sha256_ref(manifest_bytes(manifest))), (RECORDS, manifest.log))
    return statement_of(subjects, TEST_RESULT, predicate)
