"""What a process does in a session: runs scenarios and keeps their evidence, or speaks to workers that do."""
