"""Scenarios run without pytest, their evidence, and what is said of them."""
