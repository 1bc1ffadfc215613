"""Preparing a subscriber at the start of its worker."""

import logging
from functools import partial

import pytest

from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.startup import prepare
from reading_club.eventstream.wire import payload_json, wire_type
from reading_club.service.projections import catalogue
from reading_club.testing.builders import an_event


async def test_a_subscriber_is_subscribed_before_its_first_message(uow: InMemoryUnitOfWork) -> None:
    """From the start on, the reconciler covers each type that the subscriber handles."""
    assert await prepare(catalogue, lambda: uow)

    assert set(uow.database.subscriptions) == {("catalogue", type_) for type_ in catalogue.types}


async def test_parked_events_of_known_types_are_sent_again(
    uow: InMemoryUnitOfWork, caplog: pytest.LogCaptureFixture
) -> None:
    """A release that knows a type gets its parked events; other dead letters stay."""
    parked, failed = an_event(), an_event()
    async with uow as transaction:
        for event, is_parked in ((parked, True), (failed, False)):
            envelope = {
                "id": str(event.message_id),
                "created_at": event.created_at.isoformat(),
                "type": wire_type(event),
                "payload": payload_json(event),
            }
            letter = DeadLetter(
                subscriber="catalogue",
                message_id=event.message_id,
                type=wire_type(event),
                envelope=envelope,
                error="unknown",
                set_aside_at=event.created_at,
                parked=is_parked,
            )
            await transaction.uow.dead_letters.add(letter)
        await transaction.commit()
    make_uow = partial(InMemoryUnitOfWork, uow.transport, uow.database)

    with caplog.at_level(logging.INFO):
        await prepare(catalogue, make_uow)

    assert set(uow.database.outbox) == {OutboxKey(parked.message_id, "catalogue")}
    assert set(uow.database.dead_letters) == {("catalogue", failed.message_id)}
    (record,) = caplog.records
    assert (vars(record)["subscriber"], vars(record)["events"]) == ("catalogue", 1)
