"""What the club is on its broker: the routing of its events, and their AsyncAPI document."""

from importlib.metadata import version
from typing import Any

from reading_club.adapters.eventstream.asyncapi import Info, asyncapi_document
from reading_club.adapters.eventstream.description import Routing, describe_routing, routing_lines
from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.domain.messages import EVENTS
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.versions import VERSIONS

DESCRIPTION = (
    "What happens in a reading club. Each event is sent after the commit of its transaction, and "
    "perhaps more than once or out of order: the same id has effect once."
)


def club_routing() -> Routing:
    """Return the exchange, and the queues of the club's subscribers."""
    return describe_routing(SUBSCRIBERS)


def lines_of(routing: Routing) -> list[str]:
    """Return the routing as lines for people."""
    return routing_lines(routing)


def club_document(url: str | None) -> dict[str, Any]:
    """Return the AsyncAPI document; it has the hosts of the broker's URL, and no credentials."""
    info = Info("Reading club", version("reading-club"), DESCRIPTION)
    return asyncapi_document(info, EVENTS, SUBSCRIBERS, versions=VERSIONS, broker_url=url)


def document_of(settings: Settings) -> dict[str, Any]:
    """Return the AsyncAPI document, without servers if no broker is set and none has run.

    Raises ConfigurationError for an unusable setting.
    """
    try:
        return club_document(broker_url(settings))
    except ConfigurationError:
        if settings.broker_url is not None:
            raise
        return club_document(None)
