"""Random faults under load, and a check of every answer when they are over."""
