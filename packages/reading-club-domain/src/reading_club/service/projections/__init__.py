"""Projections: the subscribers that write read models, one module each."""

from typing import Any

from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections.activity import activity
from reading_club.service.projections.catalogue import catalogue

SUBSCRIBERS: tuple[Subscriber[Any], ...] = (activity, catalogue)
"""All subscribers of the club."""

__all__ = ["SUBSCRIBERS", "activity", "catalogue"]
