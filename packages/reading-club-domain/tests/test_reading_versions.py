"""Subscribers read events of older versions than those of their handlers."""

from typing import Any

import pytest
from lastuuid import uuid7
from messagebus.service.eventstream import MessageSerializer

from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import (
    EVENTS,
    BookRegistered,
    BookRegisteredV2,
    ClubEvent,
    ReviewerCreated,
)
from reading_club.domain.upcasters import with_list_of_authors
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity, catalogue
from reading_club.service.versions import VERSIONS
from reading_club.testing.builders import an_event, an_isbn

BOTH = {"book_registered_v1", "book_registered_v2"}


class Heard:
    """A subscriber, and the events that its handler of these types got."""

    def __init__(self, *types: type[ClubEvent]) -> None:
        self.events: list[ClubEvent] = []
        self.subscriber = Subscriber[Any, Any]("shelf", versions=VERSIONS)

        @self.subscriber.on(*types)
        async def hear(event: ClubEvent, _: object) -> None:
            self.events.append(event)


def a_second_version(*authors: str) -> BookRegisteredV2:
    """Return an event that was stored in the second version."""
    return BookRegisteredV2(id=uuid7(), isbn=an_isbn(), title="SICP", authors=list(authors))


async def test_a_handler_of_the_newest_version_gets_older_events(uow: InMemoryUnitOfWork) -> None:
    """The event is upcast, with its id and its time."""
    heard, event = Heard(BookRegisteredV2), an_event()

    await heard.subscriber.handle(event, uow)

    (got,) = heard.events
    assert got == with_list_of_authors(event)
    assert (got.message_id, got.created_at) == (event.message_id, event.created_at)


async def test_a_handler_of_the_events_own_version_comes_first(uow: InMemoryUnitOfWork) -> None:
    """An event with a handler of its version is not upcast."""
    heard, event = Heard(BookRegistered, BookRegisteredV2), an_event()

    await heard.subscriber.handle(event, uow)

    assert heard.events == [event]


async def test_a_newer_event_than_the_handlers_is_not_read(uow: InMemoryUnitOfWork) -> None:
    """There is no way back to an older version."""
    heard = Heard(BookRegistered)

    await heard.subscriber.handle(a_second_version("Abelson"), uow)

    assert heard.events == []
    assert not heard.subscriber.reads(BookRegisteredV2)


def test_a_subscriber_of_the_newest_version_is_bound_to_older_ones() -> None:
    """Its queue gets events in the version in which they are stored."""
    subscriber = Heard(BookRegisteredV2, ReviewerCreated).subscriber

    assert subscriber.types == BOTH | {"reviewer_created_v1"}
    assert subscriber.readable == {BookRegistered, BookRegisteredV2, ReviewerCreated}
    assert subscriber.outdated_types == set()


def test_a_subscriber_that_knows_only_an_old_version_is_outdated() -> None:
    """The outdated types are those without a handler of their newest version."""
    assert Heard(BookRegistered, ReviewerCreated).subscriber.outdated_types == {
        "book_registered_v1"
    }
    assert activity.outdated_types == catalogue.outdated_types == set()


@pytest.mark.parametrize(
    ("author", "authors"),
    [
        ("Eric Evans", ["Eric Evans"]),
        ("Abelson; Sussman", ["Abelson", "Sussman"]),
        ("Abelson;Sussman;", ["Abelson", "Sussman"]),
        ("Le Guin, Ursula K.", ["Le Guin, Ursula K."]),
        (";", [";"]),
        ("", [""]),
    ],
)
def test_semicolons_separate_authors(author: str, authors: list[str]) -> None:
    """A comma is part of a name, and a text without a name stays as it is."""
    event = BookRegistered(id=uuid7(), isbn=an_isbn(), title="SICP", author=author)

    assert with_list_of_authors(event).authors == authors


async def test_read_models_show_a_book_of_either_version(uow: InMemoryUnitOfWork) -> None:
    """The authors are one text, in the catalogue and in the activity log, whose type is the first.

    Of two copies of one event, whichever comes first, the log has the same entry.
    """
    first = BookRegistered(id=uuid7(), isbn=an_isbn(), title="SICP", author="Abelson; Sussman")
    second = VERSIONS.upcast(first, {BookRegisteredV2})
    assert isinstance(second, BookRegisteredV2)

    shown = []
    for copies in ([first, second], [second, first]):
        async with uow as transaction:
            for event in copies:
                await activity.handle(event, uow)
                await catalogue.handle(event, uow)
            entries = await uow.catalogue.entries([first.id])
            (entry,) = await uow.activity.page()
            shown.append((entries[first.id].author, entry))
            await transaction.rollback()

    assert shown[0] == shown[1]
    author, entry = shown[0]
    assert author == "Abelson; Sussman"
    assert entry.type == "book_registered_v1"
    assert entry.payload["author"] == "Abelson; Sussman"


def test_what_a_book_records_is_the_first_version() -> None:
    """Releases that know no other version handle it."""
    stored = MessageSerializer().serialize_message(an_event())

    assert stored["type"] == "book_registered_v1"
    assert BookRegisteredV2 in EVENTS
