"""The pytest plugin: scenario files become test items."""
