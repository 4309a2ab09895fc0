"""How foreign code is called. A runtime gives an outcome for every call; it never decides what the outcome means."""
