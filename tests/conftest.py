"""Fixtures that several folders of tests share.

What tests share is imported by its full name (``from tests.fakes.clock import FakeClock``): the import mode of pytest
makes ``tests`` a package without the checkout on ``sys.path``.
"""

from __future__ import annotations

import pytest


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
