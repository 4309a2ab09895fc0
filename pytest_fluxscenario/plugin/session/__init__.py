"""What one process of a session shares, and what it knows before a scenario is read."""
