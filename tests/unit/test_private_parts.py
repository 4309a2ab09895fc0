"""What is used of libraries that they do not promise: each part is there; where it is not, this says who minds."""

from __future__ import annotations

import importlib
import logging

import pytest
from nats.aio.client import Client
from nats.aio.transport import TcpTransport

from pytest_fluxscenario.analysis.space.patterns import matching
from pytest_fluxscenario.telemetry.quiet import _LOGGERS


def test_a_nats_client_connects_by_what_refuses_to_speak_in_clear() -> None:
    """``fleet.snake.nats_client``: without one of these a link that asked for TLS would be in clear, or never come."""
    assert callable(getattr(Client, "_connect_command", None))
    assert isinstance(getattr(Client, "ssl_context", None), property)
    assert hasattr(Client(), "_transport")
    assert hasattr(TcpTransport(), "_io_writer")


def test_pytest_says_which_fixtures_are_used_by_themselves(request: pytest.FixtureRequest) -> None:
    """``plugin.item.needs``: without this each scenario has fixtures, and costs the more."""
    manager = request.session._fixturemanager
    assert all(isinstance(name, str) for name in manager._getautousenames(request.node))
    assert manager.getfixturedefs("tmp_path", request.node)


def test_the_standard_library_reads_patterns() -> None:
    """``analysis.space.patterns``: without this no text is made up for a pattern."""
    assert matching("[a-c]{2}x?") is not None


@pytest.mark.parametrize("name", _LOGGERS)
def test_the_loggers_that_are_kept_quiet_are_those_of_the_libraries(name: str) -> None:
    """``telemetry.quiet``: what another logger says would stand among the logs of tests."""
    module = importlib.import_module(name)
    assert name in [one.name for one in vars(module).values() if isinstance(one, logging.Logger)]
