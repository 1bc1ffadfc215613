"""The subscribers, which write read models and notices: one module each, found by their folder."""

from typing import Any, Final

from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.discovery import instances_in
from reading_club.service.projections.activity import activity
from reading_club.service.projections.catalogue import catalogue
from reading_club.service.projections.notices import notices

SUBSCRIBERS: Final[tuple[Subscriber[Any, Any], ...]] = instances_in(__name__, Subscriber)
"""All subscribers of the club: those that the modules of this package define."""

REBUILDABLE: Final = tuple(each for each in SUBSCRIBERS if each is not notices)
"""Those whose rows a rebuild makes anew. Notices have been read already."""

__all__ = ["REBUILDABLE", "SUBSCRIBERS", "activity", "catalogue", "notices"]
