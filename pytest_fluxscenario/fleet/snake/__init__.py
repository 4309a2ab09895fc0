"""The link between Mixer and racks: NATS JetStream, or one within a process."""
