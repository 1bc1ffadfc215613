"""The event stream for organisers: its state, the life of each event, and dead letters."""
