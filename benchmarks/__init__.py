"""The benchmark harness: the same seeded scenarios for every tool, timed in interleaved rounds.

Start it with ``python benchmarks/run.py --help``. It needs the standard library only.
"""
