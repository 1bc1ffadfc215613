"""Notices of events, in the database of an application in this process."""

from collections.abc import Mapping, Sequence
from typing import Any

from reading_club.app.application import Application
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.notifications.subscriber import notices

REGISTRY = EventRegistry(EVENTS)


async def handle_all(application: Application, envelopes: Sequence[Mapping[str, Any]]) -> None:
    """Handle these events as the subscriber ``notices`` does, without an inbox."""
    async with application.writing() as transaction:
        for envelope in envelopes:
            await notices.handle(REGISTRY.decode(envelope), transaction.uow)
