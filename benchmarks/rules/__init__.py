"""What every tool but ours imports; this folder alone stands on their PYTHONPATH."""
