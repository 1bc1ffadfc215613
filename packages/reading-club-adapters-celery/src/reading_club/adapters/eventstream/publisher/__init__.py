"""Publishing batches of events, with the outcome of each."""
