"""What a command line names, and what it finds around it: settings, scenarios, packs, stores, keys."""
