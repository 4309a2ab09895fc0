"""One run of one command, and interleaved rounds of many.

Wall time is the clock's, CPU time and peak memory are what ``wait4`` says of the process and the children
that it waited for; the peak is that of the largest process. A child starts as a copy of the
harness, so the harness itself must stay smaller than what it times: it keeps no scenarios.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import Installed
from benchmarks.tools.base import RULES, Variant

#: Seconds after which a run is stopped.
TIMEOUT = 1800.0

#: Variables that are handed on; others could switch on what the timed tools read (PYTEST_ADDOPTS, COVERAGE_...).
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of one command took."""

    name: str
    size: int
    #: Counts from 0; -1 is the run that warms the caches, which no figure uses.
    round: int
    wall: float
    cpu: float
    rss_mb: float
    exit_status: int
    #: How many scenarios the command says passed; -1 when it does not say.
    passed: int
    #: How many must.
    expected: int

    @property
    def right(self) -> bool:
        """Whether the run did the work that it is timed for."""
        return self.exit_status == 0 and self.passed == self.expected

    def document(self) -> dict[str, Any]:
        """The sample as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Job:
    """A variant with all that is needed to run it."""

    variant: Variant
    size: int
    folder: Path
    installed: Installed
    #: How many must pass.
    expected: int

    def argv(self) -> list[str]:
        """The command with the program of its environment."""
        program, *arguments = self.variant.argv
        return [str(self.installed.program(program)), *arguments]


def environment(home: Mapping[str, str]) -> dict[str, str]:
    """The variables of a timed run, made from ``home``."""
    kept = {name: home[name] for name in KEPT if name in home}
    return {**kept, "PYTHONPATH": str(RULES), "NO_COLOR": "1"}


def _stop(process: subprocess.Popen[bytes]) -> None:
    # The process is not reaped before wait4, so its group cannot be another's by now.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def run(job: Job, round_: int, log: Path) -> Sample:
    """Run the job once; what it prints goes to ``log``. OSError when the program cannot be started."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            job.argv(),
            cwd=job.folder,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = threading.Timer(TIMEOUT, _stop, (process,))
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _stop(process)
            process.wait()
            raise
        finally:
            watch.cancel()
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    said = _tail(log)
    found = job.variant.passed.findall(said)
    own = job.variant.seconds.findall(said) if job.variant.seconds else []
    return Sample(
        name=job.variant.name,
        size=job.size,
        round=round_,
        wall=float(own[-1]) if own else wall,
        cpu=usage.ru_utime + usage.ru_stime,
        rss_mb=usage.ru_maxrss / 1024,
        exit_status=process.returncode,
        passed=int(found[-1]) if found else -1,
        expected=job.expected,
    )


def _tail(log: Path) -> str:
    # Every tool sums up at its end; what some print before that is larger than the harness may become.
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 65536))
        return file.read().decode("utf-8", errors="replace")


def rounds(jobs: Sequence[Job], count: int, logs: Path, tell: Callable[[str], None]) -> Iterator[Sample]:
    """Run every job once to warm up, then ``count`` rounds of all jobs, each round in an order of its own.

    A ratio is made of two runs of one round, so that a machine that slows down for a while slows both.
    A job that did not do its work in the warm-up is not run again: its one sample says so.
    """
    rng = random.Random(1)  # noqa: S311 - the order of the rounds, the same for everyone  # nosec B311
    good = []
    for number, job in enumerate(jobs, start=1):
        tell(f"{job.size:>6} warm-up {number}/{len(jobs)}: {job.variant.name}")
        sample = run(job, -1, _log(logs, job))
        yield sample
        if sample.right:
            good.append(job)
    for round_ in range(count):
        order = rng.sample(good, len(good))
        for number, job in enumerate(order, start=1):
            tell(f"{job.size:>6} round {round_ + 1}/{count}, {number}/{len(order)}: {job.variant.name}")
            yield run(job, round_, _log(logs, job))


def _log(logs: Path, job: Job) -> Path:
    name = "".join(letter if letter.isalnum() else "-" for letter in job.variant.name)
    return logs / f"{job.size}-{name}.log"
