"""The state space of a process: what requests, approvals and answers of hooks its rules can tell apart."""
