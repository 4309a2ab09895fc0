"""Scenarios that run elsewhere: what is sent, what comes back, and the way there by HTTP."""
