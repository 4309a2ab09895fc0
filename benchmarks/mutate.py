"""Mutants: ``python -m benchmarks.mutate [ROUNDS]``, from a checkout.

Three packs: the bundled one, ``tests/packs/purchase`` (its hooks are programs), and the large one of benchmarks.check
(200 actions, 400 gates, 300 scenarios). Each is copied into a temporary folder. Told are: scenario runs a second in one
process whose hooks are answered already, and the wall time of the whole command with one worker and with two, in turn;
medians, and the ratio of two runs of one round. Promised: 3,000 runs a second, the bundled pack in 5 s, two workers in
0.6 of the time of one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.check import write_pack

ROUNDS = 5
_ROOT = Path(__file__).resolve().parents[1]
_PACKS = {"bundled": "scenarios/local_patch_review", "purchase": "tests/packs/purchase", "large": None}


def runs_a_second(rounds: int) -> tuple[int, float]:
    """Scenarios that ran on mutants of the pack in ``pack``, and how many a second of the processor."""
    from pytest_fluxscenario.analysis.mutation.hunt import Hunt
    from pytest_fluxscenario.analysis.mutation.operators import mutants_of
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.cli.pack.suite import open_suite

    suite = open_suite("pack", None)
    process = Process.of(suite.pack)
    hunt = Hunt(process, suite.trials.passing, suite.close)
    mutants = mutants_of(process)
    try:
        # The first one asks the hooks what mutants send; every other answer is remembered.
        count = sum(verdict.runs for _, verdict in hunt.try_all(mutants))
        speeds = []
        for _ in range(rounds):
            begun = time.process_time()
            for mutant in mutants:
                hunt.try_one(mutant)
            speeds.append(count / (time.process_time() - begun))
    finally:
        suite.close()
    return count, median(speeds)


def timed(*more: str) -> float:
    """Seconds that the whole command takes."""
    fluxrig = os.path.join(os.path.dirname(sys.executable), "fluxrig")
    begun = time.perf_counter()
    done = subprocess.run(
        [fluxrig, "mutate", "pack", "--fail-under", "0", *more], capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(done.stderr)
    return took


def main(rounds: int) -> int:
    """Measure and tell."""
    for name, folder in _PACKS.items():
        with tempfile.TemporaryDirectory() as temporary:
            os.chdir(temporary)
            if folder is None:
                write_pack(Path("pack"))
            else:
                shutil.copytree(_ROOT / folder, "pack")
            count, speed = runs_a_second(rounds)
            timed()
            pairs = [(timed(), timed("--workers", "2")) for _ in range(rounds)]
            ratio = median(two / one for one, two in pairs)
            one, two = median(one for one, _ in pairs), median(two for _, two in pairs)
            print(
                f"{name:<10} {count:6} runs on mutants, {speed:6.0f} a second; whole command {one:.2f} s, "
                f"two workers {two:.2f} s, {ratio:.2f}x"
            )
            os.chdir(_ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
