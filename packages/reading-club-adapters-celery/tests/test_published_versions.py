"""The versions in which events are published."""

from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery
from kombu import Producer
from kombu.transport.pyamqp import Channel
from messagebus import Event, Metadata

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.publisher.versions import Written, WrittenVersions
from reading_club.adapters.eventstream.testing import (
    ParcelSent,
    PublishedVersionsContract,
    outgoing,
)
from reading_club.adapters.eventstream.testing.published_versions import (
    PARCEL_VERSIONS,
    VERSIONED,
    ParcelEvent,
    ParcelSentV2,
    in_grams,
)
from reading_club.eventstream.outside import OutsideSubscriber
from reading_club.eventstream.versions import Upcaster, Versions


class ParcelSentV3(ParcelEvent):
    """A parcel was sent, to a country."""

    grams: int
    country: str
    metadata: Metadata = Metadata(name="parcel_sent", schema_version=3, published=True)


def with_country(event: ParcelSentV2) -> ParcelSentV3:
    """Return the third version."""
    return ParcelSentV3(grams=event.grams, country="")


V1, V2, V3 = "parcel_sent_v1", "parcel_sent_v2", "parcel_sent_v3"
THREE: tuple[Upcaster, ...] = (in_grams, with_country)


class TestCelery(PublishedVersionsContract):
    """A real Celery, on the in-memory broker."""

    @pytest.fixture
    def broker_url(self, memory_app: Celery) -> str:
        """The URL of the in-memory broker, which is empty before and after."""
        return str(memory_app.conf.broker_url)


def bound(**queues: set[str]) -> set[tuple[str, str]]:
    """Return the bindings of these queues."""
    return {(type_, queue) for queue, types in queues.items() for type_ in types}


def test_without_a_queue_of_later_versions_alone_nothing_is_written_otherwise() -> None:
    """Queues that are bound to every version cost no message, and no look at the event."""
    written = WrittenVersions(Versions(THREE), bound(a={V1, V2, V3}, b={V1}, c={"other_v1"}))

    assert (written.to_all, written.to_one) == ({}, {})


def test_a_queue_gets_the_newest_version_that_it_is_bound_to() -> None:
    """Unless it is bound to the stored one."""
    written = WrittenVersions(Versions(THREE), bound(a={V1, V3}, b={V2}, c={V2, V3}))

    assert written.to_all == {
        V1: Written(V1, {"b": V2, "c": V3}),
        V2: Written(V2, {"a": V3}),
    }
    assert written.to_one == {
        (V1, "b"): Written(V2),
        (V1, "c"): Written(V3),
        (V2, "a"): Written(V3),
    }


def test_a_retired_version_is_published_as_the_next_one() -> None:
    """A queue of the retired version alone gets an event only if it is sent to that queue."""
    versions = Versions(THREE, retired=[ParcelSent])
    written = WrittenVersions(versions, bound(a={V1, V2}, b={V1}, c={V3}))

    assert written.to_all[V1] == Written(V2, {"c": V3})
    assert written.to_one[V1, "a"] == Written(V2)
    assert (V1, "b") not in written.to_one


def test_without_any_published_version_an_event_stays_as_it_is() -> None:
    """Every version may be retired, for example of an event that happens no more."""
    retired: list[type[Event]] = [ParcelSent, ParcelSentV2]
    written = WrittenVersions(Versions([in_grams], retired=retired), bound(a={V1}, b={V2}))

    assert written.to_all == {}


def encoder(*subscribers: OutsideSubscriber, **options: Any) -> MessageEncoder:
    """Return an encoder that knows these subscribers and the versions of the event."""
    options = {"versions": PARCEL_VERSIONS, **options}
    return MessageEncoder(publisher_app("memory://", subscribers, **options))


def test_copies_are_prerendered_as_kombu_writes_them() -> None:
    """Body and properties of each version equal those of kombu's producer, byte by byte."""
    channel = Mock()
    channel.prepare_message = partial(Channel.prepare_message, channel)
    messages, failed = encoder(*VERSIONED).encode([outgoing('{"weight": 1}')])

    assert not failed
    assert [(each.exchange, each.routing_key) for each in messages] == [
        ("eventstream", V1),
        ("", "eventstream.newest"),
    ]
    for message in messages:
        Producer(channel, auto_declare=False).publish(message.body, **message.options)
        ours: Any = message.prerendered
        theirs: Any = channel.basic_publish.call_args.args[0]
        assert ours.body == theirs.body
        assert ours._serialize_properties() == theirs._serialize_properties()


def test_a_version_that_no_queue_takes_does_not_keep_an_event_that_has_copies() -> None:
    """If every known queue gets a copy, the stored version need not have a queue."""
    event = outgoing('{"weight": 1}')

    with_copies, _ = encoder(VERSIONED[1]).encode([event])
    without, _ = encoder().encode([event])

    assert [message.mandatory for message in with_copies] == [False, True]
    assert [message.mandatory for message in without] == [True]


def test_an_upcaster_that_fails_concerns_its_event_alone() -> None:
    """Whatever an upcaster raises, the reason has its class, and not its text."""

    def failing(_: ParcelSent) -> ParcelSentV2:
        raise ZeroDivisionError("hunter2")

    versions = Versions([failing])
    events = [outgoing('{"weight": 1}', subscriber="newest"), outgoing(subscriber="old")]

    messages, failed = encoder(*VERSIONED, versions=versions).encode(events)

    assert [message.key for message in messages] == [events[1].key]
    assert failed == {events[0].key: f"it cannot be converted to {V2}: ZeroDivisionError"}
