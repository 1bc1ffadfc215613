"""What subscribers make of the events, one module a subscriber."""

from reading_club.service.projections.activity import activity
from reading_club.service.subscriber import Subscriber

SUBSCRIBERS: tuple[Subscriber, ...] = (activity,)
"""Everybody who hears of events."""

__all__ = ["SUBSCRIBERS", "activity"]
