"""A session whose scenarios run on the racks of a Mixer."""
