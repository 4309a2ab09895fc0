"""How ``benchmarks.fleet`` counts: processors and memory of processes, and what a further scenario costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.waiting import until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="counts by /proc")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``benchmarks`` be found, after everything installed: the package under test is not the checkout's."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])


def test_the_time_of_a_process_and_of_the_children_that_it_waited_for() -> None:
    from benchmarks.fleet_rig import processor_seconds

    before = processor_seconds(os.getpid())
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    own = processor_seconds(os.getpid()) - before
    assert own == pytest.approx(0.2, abs=0.05)
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-I", "-S", "-c", burn], check=True)
    assert processor_seconds(os.getpid()) - before - own == pytest.approx(0.3, abs=0.1)
    assert processor_seconds(2**22 + 1) == 0.0


def test_memory_and_children_of_another_process() -> None:
    from benchmarks.fleet_rig import child_of, peak_mb, proportional_mb

    grow = (
        "import subprocess, sys\nheld = b'x' * (60 << 20)\ndel held\n"
        "child = subprocess.Popen(['sleep', '600'])\nprint(child.pid, flush=True)\nsys.stdin.read()\nchild.kill()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", grow], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        # At most, and now.
        assert 60 <= peak_mb(process.pid) < 120
        assert proportional_mb(process.pid) < 40
        # Between fork and exec it is still called what its parent is.
        until(lambda: Path(f"/proc/{child}/comm").read_text(encoding="utf-8") == "sleep\n")
        assert child_of(process.pid, "sleep") == child
        with pytest.raises(LookupError):
            child_of(process.pid, "nats-server")
    assert peak_mb(process.pid) == 0.0


def test_a_further_scenario_costs_what_the_large_session_takes_more() -> None:
    from benchmarks.fleet import _slope

    assert _slope({200: 1.0, 1_200: 3.0}) == pytest.approx(2.0)
    assert _slope({1_200: 0.5, 200: 0.5}) == 0.0


@pytest.mark.parametrize(
    ("measured", "least", "said"),
    [(1.9, False, "met"), (2.1, False, "NOT met"), (2.1, True, "met"), (1.9, True, "NOT met")],
)
def test_a_promise_is_judged(measured: float, least: bool, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.fleet import _judge

    _judge("what it takes", measured, 2.0, "ms", least=least)
    assert (
        capsys.readouterr()
        .out.rstrip()
        .endswith(f"{measured:.2f}ms, promised at {'least' if least else 'most'} 2ms: {said}")
    )


@pytest.mark.slow
def test_a_session_that_did_not_do_its_work_is_no_figure(tmp_path: Path) -> None:
    from benchmarks.fleet_sessions import hook_project, run

    folder = hook_project(tmp_path, 2)
    session = run(folder, 2)
    assert 0 < session.first <= session.wall
    assert session.cpu > 0
    assert session.peak_mb > 10
    with pytest.raises(RuntimeError, match=r"went wrong: .*2 passed"):
        run(folder, 3)
