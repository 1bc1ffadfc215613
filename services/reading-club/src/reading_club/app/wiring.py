"""How the club is wired: checked at the start of a process, and described."""

from reading_club.domain.messages import COMMANDS, EVENTS
from reading_club.eventstream.description import Description, describe
from reading_club.eventstream.wiring import require_event_handlers
from reading_club.service.bus import build_bus
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.versions import VERSIONS


def require_wiring() -> None:
    """Raise WiringError for a command or a subscriber without a handler, or an unknown event."""
    build_bus()
    for subscriber in SUBSCRIBERS:
        require_event_handlers(subscriber, EVENTS)


def describe_club() -> Description:
    """Return the commands, events and subscribers of the club. Raises WiringError."""
    return describe(build_bus(), COMMANDS, EVENTS, SUBSCRIBERS, VERSIONS)
