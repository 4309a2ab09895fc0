"""Work shared by several processes: each takes every so-manieth part of it, and the results come back in order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final, Generic, TypeVar

from pytest_fluxscenario.analysis.mutation.hunt import Hunt, Verdict
from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place

#: Below so many parts, starting processes costs more than they save.
_FEW: Final = 8

_Result = TypeVar("_Result")


class WorkerError(FluxError):
    """A worker ended before its work was done."""


@dataclass(frozen=True)
class Work(Generic[_Result]):
    """So many parts of work that do not depend on each other."""

    count: int
    #: Does one part; what it gives has to survive pickling.
    do: Callable[[int], _Result]
    #: Ends what the parts have started; they may be done again.
    close: Callable[[], None] = lambda: None
    #: What a worker has learnt when its parts are done, for ``learn`` of the process that asked.
    learnt: Callable[[], Any] = lambda: None
    learn: Callable[[Any], None] = lambda _: None


def spread(workers: int, work: Work[_Result]) -> Iterator[_Result]:
    """The result of each part, in order, found by so many processes.

    Where processes cannot be forked, or the parts are few, this process does it alone: what is done is code, which
    cannot be sent. Raises WorkerError where a worker ends before its work, and the FluxError of a part that raises one.
    """
    if workers < 2 or work.count < _FEW or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work.do, range(work.count))
        return
    # What a hook's process is told by two workers at once would be told to neither.
    work.close()
    with ExitStack() as stack:
        started = [_start(stack, work, range(at, work.count, workers)) for at in range(min(workers, work.count))]
        for at in range(work.count):
            yield _receive(started[at % len(started)][1])
        for process, reader in started:
            work.learn(_receive(reader))
            # It ends what it has started.
            process.join()


def hunt_in(workers: int, hunt: Hunt, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Verdict]]:
    """Each mutant with its verdict, in order, found by so many processes. Raises as ``spread`` does."""
    work = Work(len(mutants), lambda at: hunt.try_one(mutants[at]), hunt.close)
    return zip(mutants, spread(workers, work), strict=True)


def _receive(reader: Connection) -> Any:
    try:
        result = reader.recv()
    except (EOFError, ConnectionError) as error:
        hint = "run again: what was found so far is kept; or use fewer workers"
        message = "a worker process ended before its work was done"
        raise WorkerError.of("mutate.worker", Place("fluxrig mutate"), message, hint) from error
    if isinstance(result, FluxError):
        raise result
    return result


def _start(stack: ExitStack, work: Work[Any], parts: Sequence[int]) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, parts, writer), daemon=True)
    process.start()
    writer.close()
    stack.callback(process.join)
    # Whoever stops listening needs no more results.
    stack.callback(process.terminate)
    stack.callback(reader.close)
    return process, reader


def _work(work: Work[Any], parts: Sequence[int], writer: Connection) -> None:
    # Ctrl-C is for the process that asked; it ends its workers, which end what they have started.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    try:
        for part in parts:
            writer.send(work.do(part))
        writer.send(work.learnt())
    except FluxError as error:
        writer.send(error)
    except (BrokenPipeError, ConnectionError):
        # Nobody listens any more.
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        work.close()


def _leave(_number: int, _frame: Any) -> None:
    raise SystemExit(1)
