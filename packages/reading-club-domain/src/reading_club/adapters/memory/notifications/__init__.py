"""What members follow, their notices, their feeds and mail, in memory."""
