"""Runs: taken, handed out, accounted for."""
