"""The event of the contracts, and subscribers to it."""

from typing import Any, Final

from messagebus import Event, Metadata

from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import wire_type


class ParcelSent(Event):
    """A parcel was sent."""

    weight: int = 1
    metadata: Metadata = Metadata(name="parcel_sent", schema_version=1, published=True)


PARCEL_SENT: Final = wire_type(ParcelSent)
"""The event's type on the wire, ``parcel_sent_v1``, which is its routing key."""


def a_listener(name: str) -> Subscriber[Any, Any]:
    """Return a subscriber to ``parcel_sent_v1``."""
    subscriber = Subscriber[Any, Any](name)

    @subscriber.on(ParcelSent)
    async def ignore(event: Any, uow: Any) -> None: ...

    return subscriber


LISTENERS: Final = (a_listener("first"), a_listener("second"))
"""The subscribers that the contracts' publishers know."""
