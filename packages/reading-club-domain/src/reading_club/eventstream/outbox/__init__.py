"""Sending committed events: the sender, the relay, and when to try again."""
