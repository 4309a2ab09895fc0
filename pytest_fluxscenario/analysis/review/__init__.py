"""The review packet: what a reviewer needs to decide on a pack, gathered once and shown in three forms."""
