"""What is kept of a session, and what its processes tell the one that keeps it."""
