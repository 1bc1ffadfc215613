"""InboxProcessor delivered events: attempts, effects, dead letters and deferral."""
