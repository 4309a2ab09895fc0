"""``fluxrig pack prove`` of the bundled packs: ``python -m benchmarks.prove [ROUNDS]``.

Each round proves every pack in a process of its own, and a pack of 200 actions and 400 gates too. Prints the median of
wall and processor time of each, and of the bundled packs together; the promise is at most 10 s for those.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.check import write_pack

_ROOT = Path(__file__).parents[1]
BUNDLED = ("scenarios/local_patch_review", "tests/packs/purchase", "tests/packs/vendor_onboarding")
ROUNDS = 5
PROMISE = 10.0


def _prove(pack: Path) -> tuple[float, float, str]:
    """Wall and processor time of one proof, and its last line. Raises RuntimeError for one that fails."""
    fluxrig = os.path.join(os.path.dirname(sys.executable), "fluxrig")
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([fluxrig, "pack", "prove", str(pack)], capture_output=True, text=True, check=False)
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, cpu, done.stdout.splitlines()[-1]


def main(rounds: int) -> int:
    """Measure, and say whether the promise holds; gives the exit status."""
    with tempfile.TemporaryDirectory() as temporary:
        large = Path(temporary) / "large"
        write_pack(large)
        packs = {name: _ROOT / name for name in BUNDLED} | {"200 actions, 400 gates": large}
        walls: dict[str, list[float]] = {name: [] for name in packs}
        cpus: dict[str, list[float]] = {name: [] for name in packs}
        said = {}
        for _ in range(rounds):
            for name, pack in packs.items():
                wall, cpu, said[name] = _prove(pack)
                walls[name].append(wall)
                cpus[name].append(cpu)
    for name in packs:
        wall, cpu = statistics.median(walls[name]), statistics.median(cpus[name])
        print(f"{name}: wall {wall:.2f} s, CPU {cpu:.2f} s: {said[name]}")
    together, cpu = (
        statistics.median(map(sum, zip(*(times[name] for name in BUNDLED), strict=True))) for times in (walls, cpus)
    )
    print(f"bundled packs, median of {rounds}: wall {together:.2f} s, CPU {cpu:.2f} s (promise: wall {PROMISE:g} s)")
    return 0 if together <= PROMISE else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
