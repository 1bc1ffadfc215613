"""Random faults under load, and a check of all invariants afterwards."""
