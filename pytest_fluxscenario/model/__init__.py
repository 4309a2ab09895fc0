"""Frozen values: what is read, asked, answered and recorded. Their types are the one source of the published schemas."""
