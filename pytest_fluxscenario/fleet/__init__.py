"""Scenarios beyond one machine: the Mixer, its Racks, and the Snake that links them (the extra ``fleet``)."""
