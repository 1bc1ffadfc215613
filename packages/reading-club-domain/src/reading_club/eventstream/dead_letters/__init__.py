"""Making dead letters, and what operators do with them."""
