"""A scenario against a control. The runner says what happened; who reports it listens."""
