"""Projections: the subscribers that write read models, one module each, found by their folder."""

from typing import Any, Final

from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.discovery import instances_in
from reading_club.service.projections.activity import activity
from reading_club.service.projections.catalogue import catalogue

SUBSCRIBERS: Final[tuple[Subscriber[Any, Any], ...]] = instances_in(__name__, Subscriber)
"""All subscribers of the club: those that the modules of this package define."""

__all__ = ["SUBSCRIBERS", "activity", "catalogue"]
