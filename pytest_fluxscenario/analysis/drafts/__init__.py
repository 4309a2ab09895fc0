"""Scenarios that are written for an author: what a pack does where its suite does not say so yet."""
