"""pytest accepts plugins for its own tests only from the conftest.py of the root."""

pytest_plugins = ["pytester"]
