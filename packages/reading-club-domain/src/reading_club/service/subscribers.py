"""All subscribers of the club: those that write read models, and those of imports and notices."""

from typing import Any, Final

from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.imports.subscriber import imports
from reading_club.service.notifications.subscriber import notices
from reading_club.service.projections import SUBSCRIBERS as PROJECTIONS

SUBSCRIBERS: Final[tuple[Subscriber[Any, Any], ...]] = (*PROJECTIONS, imports, notices)

__all__ = ["PROJECTIONS", "SUBSCRIBERS"]
