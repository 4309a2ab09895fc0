"""``fluxrig rack`` and ``run``: racks started and admitted, and runs of a Mixer (docs/fleet.md)."""
