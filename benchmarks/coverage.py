"""What counting coverage costs a run: ``python benchmarks/coverage.py [ROUNDS [SCENARIOS]]``.

Runs the same session with counting and without it, in turns, each in a process of its own, and compares the time of the
processor. Without it means: what a scenario showed is not looked at; all else is as it is.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.tools.fluxscenario import Plugin
from benchmarks.work import folder_of, prepare

_COUNTING = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
_NOT = (
    "import sys, pytest; from pytest_fluxscenario.evidence.coverage_count import Counter;"
    " Counter.seen = lambda *_: 0; sys.exit(pytest.main(sys.argv[1:]))"
)
#: What a counted run may cost more.
_PROMISE = 1.03


def seconds(program: str, folder: Path, options: Sequence[str]) -> float:
    """User CPU seconds of one session; raises CalledProcessError where it does not pass."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-c", program, "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main(rounds: int, size: int) -> int:
    """Measure, and say whether the promise holds; gives the exit status."""
    tool, ratios = Plugin(), []
    counted: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        prepare(tool, size, work)
        folder = folder_of(tool, size, work)
        for number in range(rounds + 1):
            # Which one begins changes: whoever runs second may find warmer caches.
            order = (_COUNTING, _NOT) if number % 2 else (_NOT, _COUNTING)
            took = {program: seconds(program, folder, ()) for program in order}
            if number:  # the first one fills the caches
                ratios.append(took[_COUNTING] / took[_NOT])
                counted.append(took[_COUNTING])
    ratio = median(ratios)
    print(f"{size} scenarios, median of {rounds}: {median(counted):.2f} s of user CPU, {ratio:.3f} times not counting")
    print(f"each: {', '.join(f'{one:.3f}' for one in ratios)} (promise: at most {_PROMISE})")
    return ratio > _PROMISE


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [7, 5000][len(numbers) :])))
