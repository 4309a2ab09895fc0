"""A Mixer that runs here without a rack, and whose token sessions of pytest know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer


@pytest.fixture
def mixer(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMixer]:
    """A rack is there when the test starts one."""
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    with running_mixer(tmp_path_factory.mktemp("mixer")) as running:
        yield running
