"""What is proved of a process in all states that its rules can tell apart."""
