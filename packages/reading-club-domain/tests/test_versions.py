"""Versions of event types: what upcasters are, where they lead, and what is published."""

import sys
from uuid import uuid4

import pytest
from messagebus import Event, Metadata
from pydantic import ValidationError

from reading_club.eventstream.versions import NO_VERSIONS, Versions, upcasters_in
from reading_club.eventstream.wire import payload_json, wire_type


class ScaleEvent(Event):
    """Base of the events of this domain."""


class Weighed(ScaleEvent):
    """The first version."""

    grams: int
    metadata: Metadata = Metadata(name="weighed", schema_version=1, published=True)


class WeighedV2(ScaleEvent):
    """The second version."""

    kilograms: float
    metadata: Metadata = Metadata(name="weighed", schema_version=2, published=True)


class WeighedV3(ScaleEvent):
    """The third version."""

    kilograms: float
    scale: str
    metadata: Metadata = Metadata(name="weighed", schema_version=3, published=True)


def in_kilograms(event: Weighed) -> WeighedV2:
    """Return the second version."""
    return WeighedV2(kilograms=event.grams / 1000)


def on_a_scale(event: WeighedV2) -> WeighedV3:
    """Return the third version."""
    return WeighedV3(kilograms=event.kilograms, scale="unknown")


def a_helper(event: Weighed, factor: int) -> WeighedV2:
    """Return what no upcaster returns: there are two parameters."""
    return WeighedV2(kilograms=event.grams / factor)


VERSIONS = Versions([in_kilograms, on_a_scale])


def test_upcasters_are_found_by_their_signature() -> None:
    """Functions of one event that return an event are upcasters; others are not."""
    assert set(upcasters_in(sys.modules[__name__])) == {in_kilograms, on_a_scale, same, skips}


def test_an_event_is_read_in_the_version_that_is_known() -> None:
    """Upcasting ends at the first known version, with the id and the time of the event."""
    event = Weighed(grams=1500)

    third = VERSIONS.upcast(event, {WeighedV3})

    assert third == WeighedV3(kilograms=1.5, scale="unknown")
    assert (third.message_id, third.created_at) == (event.message_id, event.created_at)
    assert VERSIONS.upcast(event, {Weighed, WeighedV3}) is event


def test_an_event_without_a_known_version_stays_as_it_is() -> None:
    """There is no way back to an older version."""
    event = WeighedV2(kilograms=1.5)

    assert VERSIONS.upcast(event, {Weighed}) is event
    assert NO_VERSIONS.upcast(event, {WeighedV3}) is event


def test_a_stored_event_is_published_in_its_version_and_later_ones() -> None:
    """Each version that is not retired is published; a type without versions as it is."""
    retired = Versions([in_kilograms, on_a_scale], retired=[Weighed, WeighedV2])

    assert VERSIONS.published_as("weighed_v1") == ("weighed_v1", "weighed_v2", "weighed_v3")
    assert VERSIONS.published_as("weighed_v2") == ("weighed_v2", "weighed_v3")
    assert retired.published_as("weighed_v1") == ("weighed_v3",)
    assert VERSIONS.published_as("parcel_sent_v1") == ("parcel_sent_v1",)


def test_a_version_is_read_from_its_own_type_and_older_ones() -> None:
    """What is stored as an older version is published as this one as well."""
    assert VERSIONS.read_as(WeighedV2) == {"weighed_v1", "weighed_v2"}
    assert VERSIONS.readable_as(WeighedV3) == {Weighed, WeighedV2, WeighedV3}
    assert VERSIONS.stored_as("weighed_v2") == {"weighed_v1", "weighed_v2"}
    assert VERSIONS.stored_as("parcel_sent_v1") == {"parcel_sent_v1"}
    assert VERSIONS.newest(Weighed) is WeighedV3


def test_a_type_is_outdated_without_its_newest_version() -> None:
    """Types of one version, and those whose newest one is there as well, are not outdated."""
    assert VERSIONS.outdated({"weighed_v1", "weighed_v2"}) == {"weighed_v1", "weighed_v2"}
    assert VERSIONS.outdated({"weighed_v1", "weighed_v3", "parcel_sent_v1"}) == set()


def test_an_envelope_is_converted_to_a_later_version() -> None:
    """Id and time stay; type and payload are those of the later version."""
    event = Weighed(grams=1500)
    envelope = {
        "id": str(event.message_id),
        "created_at": event.created_at.isoformat(),
        "type": wire_type(event),
        "payload": payload_json(event),
    }

    converted = VERSIONS.convert(envelope, "weighed_v3")

    assert converted == envelope | {
        "type": "weighed_v3",
        "payload": '{"kilograms":1.5,"scale":"unknown"}',
    }


def test_a_payload_of_another_type_is_not_converted() -> None:
    """A payload that is not of its type raises a ValidationError."""
    envelope = {"id": str(uuid4()), "created_at": "2026-01-01T00:00:00Z", "type": "weighed_v1"}

    with pytest.raises(ValidationError):
        VERSIONS.convert(envelope | {"payload": "{}"}, "weighed_v2")


def same(event: Weighed) -> Weighed:
    """Return the event: no next version."""
    return event


def skips(event: Weighed) -> WeighedV3:
    """Return a version that is not the next one."""
    return WeighedV3(kilograms=event.grams / 1000, scale="unknown")


@pytest.mark.parametrize(
    ("upcasters", "reason"),
    [
        ([a_helper], "a_helper is no upcaster"),
        ([same], "weighed_v1 is not the version after weighed_v1"),
        ([skips], "weighed_v3 is not the version after weighed_v1"),
        ([in_kilograms, in_kilograms], "weighed_v1 has two upcasters"),
    ],
    ids=["signature", "same", "skips", "twice"],
)
def test_what_is_no_upcaster_is_refused(upcasters: list[object], reason: str) -> None:
    """The error names the function or the versions."""
    with pytest.raises(ValueError, match=reason):
        Versions(upcasters)  # type: ignore[arg-type]  # refused at run time
