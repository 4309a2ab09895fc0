"""The project that tests of the plugin run in."""

from tests.fakes.project_fixture import project

__all__ = ["project"]
