"""A hunt in several processes: each takes every so-manieth mutant, and the verdicts come back in order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import Final

from pytest_fluxscenario.analysis.mutation.hunt import Hunt, Verdict
from pytest_fluxscenario.analysis.mutation.mutant import Mutant

#: Below so many, starting processes costs more than they save.
_FEW: Final = 8


def hunt_in(workers: int, hunt: Hunt, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Verdict]]:
    """Each mutant with its verdict, in order, found by so many processes.

    Where processes cannot be forked, or few mutants are left, this process does it alone: what a mutant changes is
    code, which cannot be sent. Raises ChildProcessError where a worker ends before its work.
    """
    if workers < 2 or len(mutants) < _FEW or "fork" not in multiprocessing.get_all_start_methods():
        yield from hunt.try_all(mutants)
        return
    # What a hook's process is told by two workers at once would be told to neither.
    hunt.close()
    with ExitStack() as stack:
        readers = [_start(stack, hunt, mutants[at::workers]) for at in range(workers)]
        for at, mutant in enumerate(mutants):
            try:
                yield mutant, readers[at % workers].recv()
            except EOFError as error:
                raise ChildProcessError("a worker ended before its mutants were tried") from error


def _start(stack: ExitStack, hunt: Hunt, mutants: Sequence[Mutant]) -> Connection:
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(hunt, mutants, writer), daemon=True)
    process.start()
    writer.close()
    stack.callback(process.join)
    # Whoever stops listening needs no more verdicts.
    stack.callback(process.terminate)
    stack.callback(reader.close)
    return reader


def _work(hunt: Hunt, mutants: Sequence[Mutant], writer: Connection) -> None:
    # Ctrl-C is for the process that asked; it ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for mutant in mutants:
            writer.send(hunt.try_one(mutant))
    finally:
        hunt.close()
