"""Mutants of a process: its rules weakened on purpose, one change at a time, to see whether a scenario notices."""
