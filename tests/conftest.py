"""Fixtures that several folders of tests share.

What tests share is imported by its full name (``from tests.fakes.clock import FakeClock``): the import mode of pytest
makes ``tests`` a package without the checkout on ``sys.path``.
"""

from __future__ import annotations

import pytest


@pytest.fixture(params=[(), ("-n0",), ("-n2",)], ids=["plain", "n0", "n2"])
def plugin_args(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Arguments for a run inside a test: without xdist's options, with xdist in one process, and with two workers."""
    args: tuple[str, ...] = request.param
    return args
