"""Fixtures that several folders of tests share.

What tests share is imported by its full name (``from tests.fakes.clock import FakeClock``): the import mode of pytest
makes ``tests`` a package without the checkout on ``sys.path``.
"""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

# Examples are many or few, and never late: how long one takes says something of the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# Whoever starts the tests in the background may have them ignore Ctrl-C, and so all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Two workers are two more processes for each run: what is special to them is in tests/plugin/test_xdist.py, and all the
# rest is tried with them among the slow tests.
@pytest.fixture(
    params=[
        pytest.param((), id="plain"),
        pytest.param(("-n0",), id="n0"),
        pytest.param(("-n2",), id="n2", marks=pytest.mark.slow),
    ]
)
def plugin_args(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Arguments for a run inside a test: without xdist's options, with xdist in one process, and with two workers."""
    args: tuple[str, ...] = request.param
    return args
