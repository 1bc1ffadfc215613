"""Child processes: start, readiness, restarts, and a watchdog for the death of the parent."""
