"""What a Mixer answers over HTTP: its API and its page."""
