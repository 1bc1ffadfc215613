"""What members follow, their notices, their feeds and mail, on SQL."""
