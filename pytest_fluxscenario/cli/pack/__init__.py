"""``fluxrig pack`` and ``mutate``: packs begun, checked, tried, built and signed. One module for each verb."""
