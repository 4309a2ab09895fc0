"""Times of what runs in this process, told in a line each."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of wall time and of the processor, with what others wrote out of the way."""
    os.sync()
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def rounds(works: Mapping[str, Callable[[], object]], count: int) -> dict[str, list[tuple[float, float]]]:
    """Each of these in turn, so many times."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            times[name].append(timed(work))
    return times


def tell(times: Mapping[str, Sequence[tuple[float, float]]], bases: Sequence[str] = ()) -> None:
    """A line for each, and its ratio to each base: the median over the rounds."""
    for name, each in times.items():
        wall, cpu = median(one for one, _ in each), median(one for _, one in each)
        ratios = [
            f"{median(one / other for (one, _), (other, _) in zip(each, times[base], strict=True)):6.2f}x {base}"
            for base in bases
            if base != name
        ]
        print(f"{name:<44} {wall:9.1f} ms wall {cpu:9.1f} ms processor  {', '.join(ratios)}")
