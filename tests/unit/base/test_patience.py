"""A bound on processor time for what strangers can make slow."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time

import pytest

from pytest_fluxscenario.base.patience import TooSlowError, patience

_SLOW = ("(a+)+$", "a" * 40 + "!")


def test_a_regular_expression_is_stopped() -> None:
    begun = time.process_time()
    with pytest.raises(TooSlowError, match=r"takes more than 0\.1 s of processor time"), patience(0.1):
        re.search(*_SLOW)
    assert 0.05 < time.process_time() - begun < 30


def test_waiting_is_not_working() -> None:
    with patience(0.05):
        time.sleep(0.2)


def test_everything_is_put_back() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    for slow in (False, True):
        try:
            with patience(0.05):
                assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0
                if slow:
                    re.search(*_SLOW)
        except TooSlowError:
            pass
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
        assert signal.getsignal(signal.SIGVTALRM) == before


def test_the_timer_of_somebody_else_is_left_alone() -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, 100)
    try:
        with patience(0.05):
            assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 50
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def test_inside_another_patience_the_outer_one_counts() -> None:
    with pytest.raises(TooSlowError, match=r"0\.1 s"), patience(0.1), patience(60):
        re.search(*_SLOW)


def test_in_a_thread_nothing_is_bounded() -> None:
    done: list[bool] = []

    def work() -> None:
        with patience(0.001):
            done.append(sum(range(500_000)) > 0)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_signal_that_is_lost_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that is raised in a destructor is dropped by Python, whoever raised it."""
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: lost.append(unraisable.exc_type))

    class Slow:
        def __del__(self) -> None:
            # The signal comes by the time in the program itself, of which asking for the time is no part.
            end = os.times().user + 0.3
            while os.times().user < end:
                sum(range(1_000))

    def work() -> None:
        held = Slow()
        del held
        while True:
            pass

    with pytest.raises(TooSlowError), patience(0.1):
        work()
    assert TooSlowError in lost
