"""What Mixer and racks say to each other, and who says it."""
