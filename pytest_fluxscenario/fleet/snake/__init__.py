"""The link between Mixer and racks: NATS JetStream."""
