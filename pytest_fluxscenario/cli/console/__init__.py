"""What stands between a command and whoever typed it: the words it takes, what it writes, what it exits with."""
