"""``fluxrig evidence``, ``coverage`` and ``schema``: what runs have left, read and verified (evidence.md)."""
