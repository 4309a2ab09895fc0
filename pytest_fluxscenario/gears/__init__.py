"""Gears: control implementations that scenarios run against, in this process, in a program or on a server."""
