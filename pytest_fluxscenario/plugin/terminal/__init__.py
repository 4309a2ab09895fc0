"""What a session says at its end beyond pytest's words."""
