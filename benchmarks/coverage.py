"""What counting coverage costs a run: ``python benchmarks/coverage.py [ROUNDS [SCENARIOS]]``.

In one session every other scenario is counted, and the processor time of each is taken: so both kinds meet the same
machine. What counting costs is the difference of the medians, for all scenarios, as a share of the user CPU time of the
whole session. Not counted means: what a scenario showed is not looked at; all else is as it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.tools.fluxscenario import Plugin
from benchmarks.work import folder_of, prepare

_SESSION = """
import json, resource, statistics, sys, time
import pytest
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.plugin.item import item

seen, execute, took = Counter.seen, item.execute, ([], [])
Counter.seen = lambda *given: seen(*given) if len(took[0]) > len(took[1]) else 0

def timed(*given):
    kind = took[len(took[0]) > len(took[1])]
    begun = time.thread_time_ns()
    attempt = execute(*given)
    kind.append(time.thread_time_ns() - begun)
    return attempt

item.execute = timed
status = pytest.main(["-q", "-p", "pytest_fluxscenario.plugin.entry", "-p", "no:cacheprovider"])
user = resource.getrusage(resource.RUSAGE_SELF).ru_utime
without, counted = (statistics.median(one) / 1e9 for one in took)
print()
print(json.dumps([int(status), len(took[0]) + len(took[1]), user, without, counted]))
"""
#: What counting may cost, as a share of the session.
_PROMISE = 0.03


def main(rounds: int, size: int) -> int:
    """Measure, and say whether the promise holds; gives the exit status."""
    tool = Plugin()
    shares: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        prepare(tool, size, work)
        folder = folder_of(tool, size, work)
        for _ in range(rounds):
            environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            command = [sys.executable, "-c", _SESSION]
            done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
            if done.returncode:
                print(done.stderr[-2000:])
                return 1
            status, count, user, without, counted = json.loads(done.stdout.splitlines()[-1])
            if status or count != size:
                print(done.stdout[-2000:])
                return 1
            shares.append((counted - without) * count / user)
            print(
                f"{count} scenarios in {user:.2f} s of user CPU; one takes {without * 1e6:.0f} us of it in the runner, "
                f"counted {counted * 1e6:.0f} us: {shares[-1]:.1%} of the session"
            )
    print(f"median of {rounds}: {median(shares):.1%} (promise: at most {_PROMISE:.0%})")
    return median(shares) > _PROMISE


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [7, 5000][len(numbers) :])))
