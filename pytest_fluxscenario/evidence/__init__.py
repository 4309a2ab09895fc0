"""Evidence of a run: what a reviewer approves a process on (evidence.md)."""
