"""``fluxrig review``: a packet that a reviewer can decide on."""
