"""What a Mixer remembers, in DuckDB."""
