"""What subscribers make of the events, one module a subscriber."""

from reading_club.service.projections.activity import activity
from reading_club.service.projections.catalogue import catalogue
from reading_club.service.subscriber import Subscriber

SUBSCRIBERS: tuple[Subscriber, ...] = (activity, catalogue)
"""Everybody who hears of events."""

__all__ = ["SUBSCRIBERS", "activity", "catalogue"]
