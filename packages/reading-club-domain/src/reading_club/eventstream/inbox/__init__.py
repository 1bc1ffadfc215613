"""Processing of delivered events: attempts, effects, dead letters and deferral."""
