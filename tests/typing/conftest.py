"""The project that what a user wrote runs in."""

from tests.fakes.project_fixture import project

__all__ = ["project"]
