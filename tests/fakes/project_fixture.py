"""A project with the small pack, and what its runs leave."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
import yaml

# pytester forgets what a run imports. Imported here, a run in this process costs a third; and libyaml cannot be
# imported twice: it gives events of the first import's classes.
from pytest_fluxscenario.model import findings, reference_rules, shape_faults, step_rules
from pytest_fluxscenario.plugin.collecting import collect
from pytest_fluxscenario.plugin.process import record_session, workers
from tests.fakes.project import Project

_KEPT = (findings, reference_rules, shape_faults, step_rules, collect, record_session, workers, yaml)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A fresh project: the pack ``small`` in ``packs/small``, no scenario yet."""
    for name in ("FLUXRIG_STORE", "PYTEST_ADDOPTS", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    with warnings.catch_warnings():
        # A run in this process would inherit that warnings are errors here.
        warnings.simplefilter("always")
        yield Project(pytester)
