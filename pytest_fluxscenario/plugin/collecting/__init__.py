"""Files, archives and stores as collectors of scenarios."""
