"""Polling of a condition, with a deadline."""

from reading_club.testing.polling import NotInTime, eventually

__all__ = ["NotInTime", "eventually"]
