"""The command ``fluxrig`` (cli.md)."""
