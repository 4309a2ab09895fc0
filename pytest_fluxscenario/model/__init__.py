"""Frozen values: what is read, asked, answered and recorded; their types are the source of the published schemas."""
