"""Accounts and what belongs to them, and the club's settings, on SQL."""
