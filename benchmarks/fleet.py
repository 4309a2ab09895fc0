"""What a fleet costs: ``python -m benchmarks.fleet first|cost|two|memory|racks [--quick]``.

A Mixer, its NATS server and racks run on this machine as they would on several. Everything is measured beside something
else, in turn, so that the machine is the same for both, and the median of the rounds is told. The fleet is warm: what
is timed was run once before. See docs/scale.md.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.fleet_rig import Fleet, fleet, peak_mb, proportional_mb
from benchmarks.fleet_sessions import Session, hook_project, run
from benchmarks.tools.fluxscenario import LISTS
from benchmarks.work import folder_of, prepare

#: Seconds that a hook waits.
_PAUSE: Final = 0.05
_LONG_PAUSE: Final = 0.2


def first(work: Path, *, quick: bool) -> None:
    """Time until the first verdict is shown: over a warm fleet, and in one process."""
    size, rounds = (20, 1) if quick else (500, 5)
    folder = _scenarios(work, size)
    with fleet(work / "fleet", racks=1) as there:
        run(folder, size, there)
        pairs = [(run(folder, size), run(folder, size, there)) for _ in range(rounds)]
    local, over = median(one.first for one, _ in pairs), median(one.first for _, one in pairs)
    more = median(two.first - one.first for one, two in pairs)
    _tell(f"first verdict of {size} scenarios", f"{local:.2f} s", f"{over:.2f} s over the fleet")
    _judge("more over the fleet", more, 1.0, "s")


def cost(work: Path, *, quick: bool) -> None:
    """What a further scenario costs more over a fleet than in one process."""
    small, large, rounds = (10, 30, 1) if quick else (200, 1_200, 3)
    folders = {size: _scenarios(work, size) for size in (small, large)}
    here: list[float] = []
    walls: list[float] = []
    cpus: list[dict[str, float]] = []
    with fleet(work / "fleet", racks=2, slots=4) as there:
        for size, folder in folders.items():
            run(folder, size, there)
        for _ in range(rounds):
            local = {size: run(folder, size) for size, folder in folders.items()}
            over = {size: _used(there, folder, size) for size, folder in folders.items()}
            here.append(_slope({size: one.cpu for size, one in local.items()}))
            walls.append(_slope({size: over[size][0].wall - local[size].wall for size in folders}))
            used = {size: {"pytest": session.cpu, **parts} for size, (session, parts) in over.items()}
            cpus.append({name: _slope({size: used[size][name] for size in folders}) for name in used[small]})
    for name in cpus[0]:
        _tell(f"processor of {name}, a scenario", f"{median(one[name] for one in cpus):.2f} ms")
    _tell("processor of a local run, a scenario", f"{median(here):.2f} ms")
    more = median(sum(one.values()) - local for one, local in zip(cpus, here, strict=True))
    _judge("processor, all processes, more than local", more, 2.0, "ms")
    _judge("wall time, more than local", median(walls), 2.0, "ms")


def two(work: Path, *, quick: bool) -> None:
    """Hook-bound scenarios on two racks of one slot, by the time on one."""
    size, rounds = (10, 1) if quick else (300, 2)
    kinds = {"a process each": hook_project(work / "start", size)}
    kinds[f"a kept hook that waits {_PAUSE * 1_000:.0f} ms"] = hook_project(work / "wait", size, _PAUSE)
    with fleet(work / "fleet", racks=2) as there:
        for kind, folder in kinds.items():
            run(folder, size, there)
            pairs: list[tuple[float, float]] = []
            for _ in range(rounds):
                walls = []
                for count in (1, 2):
                    there.suspend_all_but(count)
                    walls.append(run(folder, size, there).wall)
                pairs.append((walls[0], walls[1]))
            _tell(f"{size} scenarios, {kind}", f"one {median(one for one, _ in pairs):.1f} s")
            _judge("two racks by one", median(other / one for one, other in pairs), 0.6, "x")


def memory(work: Path, *, quick: bool) -> None:
    """The most memory of Mixer and pytest, in a small run and in a large one."""
    sizes = (100, 200) if quick else (2_000, 10_000)
    with fleet(work / "fleet", racks=2, slots=4) as there:
        mixer = there.pids["mixer"]
        _tell("the Mixer before its first run", f"{peak_mb(mixer):.0f} MB")
        for size in sizes:
            folder = _scenarios(work, size)
            local, over = run(folder, size), run(folder, size, there)
            _tell(
                f"{size} scenarios",
                f"Mixer {peak_mb(mixer):.0f} MB at most, {proportional_mb(mixer):.0f} after it",
                f"pytest {over.peak_mb:.0f} MB (local {local.peak_mb:.0f})",
                f"NATS {peak_mb(there.pids['snake']):.0f} MB, a rack {peak_mb(there.pids['rack-1']):.0f} MB",
            )
        _judge("the Mixer at most", peak_mb(mixer), 200, "MB")
        _judge("pytest at most", over.peak_mb, 200, "MB")


def racks(work: Path, *, quick: bool) -> None:
    """As many scenarios for each rack, on 1 to 8 racks: the time would stay the same if nothing were in the way."""
    each, counts = (3, (1, 2)) if quick else (40, (1, 2, 4, 8))
    folders = {count: hook_project(work / f"racks-{count}", each * count, _LONG_PAUSE) for count in counts}
    with fleet(work / "fleet", racks=max(counts)) as there:
        run(folders[max(counts)], each * max(counts), there)
        alone = 0.0
        for count, folder in folders.items():
            there.suspend_all_but(count)
            run(folder, each * count, there)
            took = _latest(there)
            alone = alone or took
            _tell(f"{count} racks, {each * count} scenarios", f"{took:.2f} s", f"{alone / took:.2f} of linear")
        _judge(f"{max(counts)} racks, of linear", alone / took, 0.85, "", least=True)


def _used(there: Fleet, folder: Path, size: int) -> tuple[Session, dict[str, float]]:
    """A session over the fleet, and the processor seconds of the fleet in it."""
    before = there.used()
    session = run(folder, size, there)
    after = there.used()
    return session, {name: after[name] - before[name] for name in after}


def _slope(seconds: Mapping[int, float]) -> float:
    """Milliseconds of each further scenario, from what a small session and a large one took."""
    (small, few), (large, many) = sorted(seconds.items())
    return (many - few) / (large - small) * 1_000


def _latest(there: Fleet) -> float:
    """Seconds of the latest run, from its submission to its last record."""
    client = there.client()
    info = client.runs()[0]
    client.close()
    return (datetime.fromisoformat(info.ended) - datetime.fromisoformat(info.created)).total_seconds()


def _scenarios(work: Path, size: int) -> Path:
    """The seeded scenarios of three steps, a hundred in a file."""
    prepare(LISTS, size, work)
    return folder_of(LISTS, size, work)


def _tell(what: str, *figures: str) -> None:
    print(f"{what:<48} {', '.join(figures)}", flush=True)


def _judge(what: str, measured: float, promised: float, unit: str, *, least: bool = False) -> None:
    met = measured >= promised if least else measured <= promised
    bound = f"promised at {'least' if least else 'most'} {promised:g}{unit}"
    print(f"{what:<48} {measured:.2f}{unit}, {bound}: {'met' if met else 'NOT met'}", flush=True)


WHAT: Final = {"first": first, "cost": cost, "two": two, "memory": memory, "racks": racks}


def main(arguments: list[str] | None = None) -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=sorted(WHAT))
    parser.add_argument("--quick", action="store_true", help="little of each, to see that it runs")
    options = parser.parse_args(arguments)
    # So that what was started is ended: a signal alone would leave it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    for what in options.what:
        with tempfile.TemporaryDirectory(prefix="fleet-") as name:
            WHAT[what](Path(name), quick=options.quick)


if __name__ == "__main__":
    main()
