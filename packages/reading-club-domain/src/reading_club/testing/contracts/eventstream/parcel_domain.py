"""A domain of parcels, under which the event stream keeps its contracts as well."""

import pytest
from messagebus import Event, Metadata

from reading_club.testing.contracts.eventstream.helpers import MakeEvent

PARCEL_SENT = Metadata(name="parcel_sent", schema_version=1, published=True)


class ParcelEvent(Event):
    """Base of the events of this domain."""


class ParcelSent(ParcelEvent):
    """A parcel was sent."""

    address: str
    metadata: Metadata = PARCEL_SENT


@pytest.fixture
def make_event() -> MakeEvent:
    """Make events of this domain."""
    return lambda text="1 Main Street": ParcelSent(address=text)
