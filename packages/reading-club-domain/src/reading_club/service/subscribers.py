"""All subscribers of the club: those that write read models, and the one of imports."""

from typing import Any, Final

from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.imports.subscriber import imports
from reading_club.service.projections import SUBSCRIBERS as PROJECTIONS

SUBSCRIBERS: Final[tuple[Subscriber[Any, Any], ...]] = (*PROJECTIONS, imports)

__all__ = ["PROJECTIONS", "SUBSCRIBERS"]
