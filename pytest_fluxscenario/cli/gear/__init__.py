"""``fluxrig gear``: the engine served to others, and others held against the rules."""
