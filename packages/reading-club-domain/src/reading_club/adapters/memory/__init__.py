"""In-memory adapters with real transactions."""
