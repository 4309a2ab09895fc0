"""A scenario as a test item: what it is made from, how it runs, and how it fails."""
