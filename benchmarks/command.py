"""The command line of the harness: what to time, where, and what becomes of the results."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import results
from benchmarks.environments import ROOT, Installed, find, set_up
from benchmarks.measure import Job, Sample, rounds
from benchmarks.report import markdown
from benchmarks.targets import REFERENCE_SIZE, Results, figures
from benchmarks.tools import ALL
from benchmarks.tools.base import Tool, Variant
from benchmarks.tools.engine_alone import DECISIONS, ENGINE_ALONE, SCENARIOS
from benchmarks.tools.startup import STARTUP
from benchmarks.work import folder_of, prepare

BUILD = ROOT / "build" / "benchmarks"
KEPT_REPORT = ROOT / "docs" / "benchmarks.md"
_STORE = "## The store\n"

#: Timed in rounds of their own, at a size of their own.
APART: tuple[Tool, ...] = (STARTUP, ENGINE_ALONE)

_EXAMPLE = """\
example:
  python benchmarks/run.py --setup build/benchmarks/tools     make the environments of all tools, once
  python benchmarks/run.py --quick                            a minute: does everything run?
  python benchmarks/run.py --keep                             everything, written to docs/benchmarks.md
  python benchmarks/run.py --only 'bare|all on' --n 5000      two rows
"""


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a regular expression: {error}") from error


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        description="Time this project against others on the same work, in interleaved rounds.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--n", type=_count, nargs="+", default=[1000, 5000, 10000], metavar="N", help="sizes (1000 5000 10000)")
    add("--rounds", type=_count, default=5, help="rounds at each size (5)")
    add("--startup-rounds", type=_count, default=41, help="rounds of the start in an empty project (41)")
    add("--only", type=_pattern, default=re.compile(""), metavar="REGEX", help="rows whose name matches")
    add("--quick", action="store_true", help="a smoke run: 200 scenarios, one round")
    add("--tools", type=Path, default=BUILD / "tools", metavar="DIR", help="environments (build/benchmarks/tools)")
    add("--work", type=Path, default=BUILD / "work", metavar="DIR", help="the scenarios (build/benchmarks/work)")
    add("--keep", action="store_true", help="write the report to docs/benchmarks.md")
    add("--check", action="store_true", help="exit 1 where a promise is measured and not met")
    instead = made.add_mutually_exclusive_group()
    instead.add_argument("--setup", type=Path, metavar="DIR", help="make the environments below DIR, and stop")
    instead.add_argument("--report", type=Path, metavar="FILE", help="make the report of raw results, and stop")
    instead.add_argument("--generate", action="store_true", help="write the scenarios, and stop")
    return made


@dataclass(frozen=True, slots=True)
class Plan:
    """What one call times."""

    sizes: tuple[int, ...]
    rounds: int
    startup_rounds: int
    only: re.Pattern[str]
    tools: Path
    work: Path

    @property
    def reference(self) -> int:
        """The size at which every variant runs."""
        return REFERENCE_SIZE if REFERENCE_SIZE in self.sizes else self.sizes[-1]

    def tools_at(self, size: int) -> list[Tool]:
        """The tools that have a variant to run at ``size``."""
        return [tool for tool in ALL if self.variants(tool, size)]

    def variants(self, tool: Tool, size: int) -> list[Variant]:
        """The variants of ``tool`` that run at ``size``."""
        return [
            variant
            for variant in tool.variants
            if self.only.search(variant.name) and (variant.every_size or size == self.reference)
        ]

    @classmethod
    def of(cls, options: argparse.Namespace) -> Plan:
        """The plan that the options ask for."""
        full = cls(
            sizes=tuple(sorted(set(options.n))),
            rounds=options.rounds,
            startup_rounds=options.startup_rounds,
            only=options.only,
            tools=options.tools.resolve(),
            work=options.work.resolve(),
        )
        return replace(full, sizes=(200,), rounds=1, startup_rounds=3) if options.quick else full


def _jobs(plan: Plan, tool: Tool, size: int, installed: Installed) -> list[Job]:
    folder = folder_of(tool, size, plan.work)
    return [Job(variant, size, folder, installed, expected=size) for variant in plan.variants(tool, size)]


def _teller() -> Callable[[str], None]:
    """Shows what runs: one line that is overwritten on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _line: None

    def tell(line: str) -> None:
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    return tell


def _generate(plan: Plan) -> None:
    tell = _teller()
    for size in plan.sizes:
        for tool in plan.tools_at(size):
            tell(f"{size:>6} scenarios for {tool.folder}")
            done = prepare(tool, size, plan.work)
            if done.removed:
                print(f"{size} {tool.folder}: {done.removed} files of older work removed", file=sys.stderr)
    prepare(STARTUP, 1, plan.work)
    prepare(ENGINE_ALONE, SCENARIOS, plan.work)
    tell("")


def _measure(plan: Plan, found: dict[str, Installed]) -> Iterator[Sample]:
    tell = _teller()
    logs = BUILD / "logs"
    for size in plan.sizes:
        jobs = [
            job
            for tool in plan.tools_at(size)
            if tool.folder in found
            for job in _jobs(plan, tool, size, found[tool.folder])
        ]
        yield from rounds(jobs, plan.rounds, logs, tell)
    for tool, size, expected, count in (
        (STARTUP, 1, 1, plan.startup_rounds),
        (ENGINE_ALONE, SCENARIOS, DECISIONS, plan.rounds),
    ):
        if tool.folder in found:
            folder = folder_of(tool, size, plan.work)
            variants = [variant for variant in tool.variants if plan.only.search(variant.name)]
            jobs = [Job(variant, expected, folder, found[tool.folder], expected) for variant in variants]
            yield from rounds(jobs, count, logs, tell)
    tell("")


def _find(plan: Plan) -> tuple[dict[str, Installed], dict[str, str], dict[str, str]]:
    found: dict[str, Installed] = {}
    versions: dict[str, str] = {}
    left_out: dict[str, str] = {}
    wanted = [tool for tool in ALL if any(plan.variants(tool, size) for size in plan.sizes)]
    wanted += [tool for tool in APART if any(plan.only.search(variant.name) for variant in tool.variants)]
    for tool in wanted:
        where = find(tool, plan.tools)
        if isinstance(where, Installed):
            found[tool.folder] = where
            versions.setdefault(tool.needs[0], where.versions[tool.needs[0]])
        else:
            left_out[tool.folder] = where.reason
    return found, versions, left_out


def _time(plan: Plan, command: str) -> tuple[results.Run, list[Sample]]:
    found, versions, left_out = _find(plan)
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}", file=sys.stderr)
    _generate(plan)
    now = dt.datetime.now(dt.UTC)
    run = results.Run(
        date=now.strftime("%Y-%m-%d"),
        command=command,
        machine=results.machine(),
        size=plan.reference,
        rounds=plan.rounds,
        versions=versions,
        left_out=left_out,
    )
    BUILD.mkdir(parents=True, exist_ok=True)
    raw = BUILD / f"results-{now:%Y%m%d-%H%M%S}.jsonl"
    samples = []
    with raw.open("w", encoding="utf-8") as file:
        results.write_run(file, run)
        for sample in _measure(plan, found):
            results.write_sample(file, sample)
            samples.append(sample)
    print(f"raw results: {raw.relative_to(ROOT)}", file=sys.stderr)
    return run, samples


def _set_up(tools: Path) -> int:
    failed = 0
    for name, said in set_up(tools.resolve()):
        print(f"{name}: {said or 'ready'}", flush=True)
        failed += bool(said)
    return 1 if failed else 0


def _shown_command(arguments: Sequence[str]) -> str:
    """The command for the report, without the folders of this machine."""
    names = [argument.removeprefix(f"{ROOT}/") for argument in arguments]
    return shlex.join(["python", "benchmarks/run.py", *(re.sub(r"^/.*/", "", name) for name in names)])


def main(arguments: Sequence[str]) -> int:
    """Do what ``arguments`` ask for: 0 done, 1 a run or a promise failed, 2 unusable input, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        if options.setup:
            return _set_up(options.setup)
        plan = Plan.of(options)
        if options.generate:
            _generate(plan)
            return 0
        run, samples = results.read(options.report) if options.report else _time(plan, _shown_command(arguments))
    except (OSError, results.BadResultsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    text = markdown(run, samples)
    print(text, end="")
    if options.keep:
        KEPT_REPORT.parent.mkdir(parents=True, exist_ok=True)
        # What was measured of the store stands at its end, and comes from another command.
        before = KEPT_REPORT.read_text(encoding="utf-8") if KEPT_REPORT.exists() else ""
        store = before[before.find(_STORE) :] if _STORE in before else ""
        KEPT_REPORT.write_text(f"{text.rstrip()}\n\n{store}" if store else text, encoding="utf-8")
    missed = any(one.met is False for one in figures(Results.of(samples), run.size))
    return 1 if any(not sample.right for sample in samples) or (options.check and missed) else 0
