"""The figures that the project promises, and how each is made of samples."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from benchmarks.measure import Sample

#: The size that most promises speak of.
REFERENCE_SIZE = 5000

#: Reads one number off a sample.
Reading = Callable[[Sample], float]


def wall(sample: Sample) -> float:
    """Seconds from start to end."""
    return sample.wall


def cpu(sample: Sample) -> float:
    """Seconds of processor time; other work on the machine hardly touches it."""
    return sample.cpu


def memory(sample: Sample) -> float:
    """Peak resident memory in MB."""
    return sample.rss_mb


@dataclass(frozen=True, slots=True)
class Results:
    """All samples that count: those of the timed rounds that did their work."""

    #: By name and size, then by round.
    runs: Mapping[tuple[str, int], Mapping[int, Sample]]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Results:
        """Sort ``samples`` by what was run."""
        runs: dict[tuple[str, int], dict[int, Sample]] = {}
        for sample in samples:
            # The warm-up makes the place, so that the order is the one of the tools and not that of the first round.
            rounds = runs.setdefault((sample.name, sample.size), {})
            if sample.round >= 0 and sample.right:
                rounds[sample.round] = sample
        return cls({key: rounds for key, rounds in runs.items() if rounds})

    def paired(self, name: str, base: str, size: int, reading: Reading = wall) -> list[tuple[float, float]]:
        """The readings of ``name`` and ``base`` for every round that has both."""
        ours, theirs = self.runs.get((name, size), {}), self.runs.get((base, size), {})
        return [(reading(ours[one]), reading(theirs[one])) for one in sorted(ours.keys() & theirs.keys())]

    def ratio(self, name: str, base: str, size: int, reading: Reading = wall) -> float | None:
        """The median over the rounds of ``name`` by ``base``; None without a round that has both."""
        ratios = [ours / theirs for ours, theirs in self.paired(name, base, size, reading)]
        return statistics.median(ratios) if ratios else None

    def difference(self, name: str, base: str, size: int) -> float | None:
        """The median over the rounds of the seconds that ``name`` takes more than ``base``."""
        differences = [ours - theirs for ours, theirs in self.paired(name, base, size)]
        return statistics.median(differences) if differences else None

    def middle(self, name: str, size: int, reading: Reading = wall) -> float | None:
        """The median of all runs."""
        readings = [reading(sample) for sample in self.runs.get((name, size), {}).values()]
        return statistics.median(readings) if readings else None

    def slope(self, name: str, small: int, large: int) -> float | None:
        """Milliseconds for each further scenario between two sizes."""
        least, most = self.middle(name, small), self.middle(name, large)
        return None if least is None or most is None else 1000 * (most - least) / (large - small)

    def sizes(self, name: str) -> list[int]:
        """The sizes at which ``name`` was timed, ascending."""
        return sorted(size for known, size in self.runs if known == name)


@dataclass(frozen=True, slots=True)
class Figure:
    """One promise and what was measured."""

    what: str
    limit: float
    #: Whether the measured number must be at most the limit, or at least.
    at_most: bool
    unit: str
    #: None where it was not measured.
    measured: float | None
    #: False where less work was measured than the promise speaks of: the start of Python is then most of it.
    judged: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the promise holds; None where it was not measured, or cannot be judged."""
        if self.measured is None or not self.judged:
            return None
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit


PLUGIN = "fluxscenario, all on"
OVERRIDDEN = "fluxscenario, all on, own fixture"
LISTS = "fluxscenario, all on, 100 a file"
BARE = "bare items"
COMMAND = "fluxrig run, no evidence"
LOOP = "plain loop"
WITH, WITHOUT = "start, with the plugin", "start, -p no:fluxscenario"
ENGINE = "engine alone"
PEERS = (("pytest-bdd", 2.4), ("Robot Framework", 4.5), ("Tavern", 8.0))


def _flatness(results: Results) -> float | None:
    """What a further scenario costs at the last two sizes, by what it costs at the first two; 1 is a straight line."""
    sizes = results.sizes(PLUGIN)
    slopes = [results.slope(PLUGIN, small, large) for small, large in pairwise(sizes)]
    first, last = (slopes[0], slopes[-1]) if len(slopes) > 1 else (None, None)
    return last / first if first and last and first > 0 else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _rate(results: Results, name: str, size: int) -> float | None:
    seconds = results.middle(name, size)
    return size / seconds if seconds else None


def figures(results: Results, size: int) -> list[Figure]:
    """Every promise of the project, held against ``results`` at ``size`` scenarios."""
    ratio = results.ratio
    found = [
        Figure("wall time of bare items, all on", 1.2, True, "x", ratio(PLUGIN, BARE, size)),
        Figure("the same with a fixture overridden", 1.5, True, "x", ratio(OVERRIDDEN, BARE, size)),
        Figure("peak memory of bare items, all on", 1.3, True, "x", ratio(PLUGIN, BARE, size, memory)),
        Figure("cost of a further scenario, large by small sizes", 1.25, True, "x", _flatness(results)),
        Figure("wall time of bare items, 100 scenarios a file", 0.85, True, "x", ratio(LISTS, BARE, size)),
    ]
    found += [
        Figure(f"times faster than {name}", limit, False, "x", ratio(name, PLUGIN, size)) for name, limit in PEERS
    ]
    found += [
        Figure("`fluxrig scenario run --evidence off`", 8000, False, "files/s", _rate(results, COMMAND, size)),
        Figure("or its time by that of a loop that parses and compares", 6, True, "x", ratio(COMMAND, LOOP, size)),
    ]
    start = _scaled(results.difference(WITH, WITHOUT, 1), 1000)
    return [
        *(replace(figure, judged=size >= REFERENCE_SIZE) for figure in found),
        Figure("more time to start pytest without scenarios", 15, True, "ms", start),
        Figure("the engine alone", 80_000, False, "decisions/s", _engine(results)),
    ]


def _engine(results: Results) -> float | None:
    """Samples of the engine have its number of decisions as size and the seconds they took as wall time."""
    sizes = results.sizes(ENGINE)
    return _rate(results, ENGINE, sizes[-1]) if sizes else None
