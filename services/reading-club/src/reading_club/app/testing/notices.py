"""Notices of events, in the database of an application in this process."""

from collections.abc import Mapping, Sequence
from typing import Any

from reading_club.app.application import Application
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import hash_of, new_secret
from reading_club.service.notifications.subscriber import notices

REGISTRY = EventRegistry(EVENTS)


async def handle_all(application: Application, envelopes: Sequence[Mapping[str, Any]]) -> None:
    """Handle these events as the subscriber ``notices`` does, without an inbox."""
    async with application.writing() as transaction:
        for envelope in envelopes:
            await notices.handle(REGISTRY.decode(envelope), transaction.uow)


async def let_be_told(application: Application, account: Account | None) -> Mapping[str, str]:
    """Give a member, if there is one, a feed and an address. Returns nothing more to ask with."""
    if account is None:
        return {}
    async with application.writing() as transaction:
        uow = transaction.uow
        await uow.following_feeds.put(account.id, hash_of(new_secret()))
        await uow.mail_addresses.put(account.id, "ann@example.org", unsubscribe=new_secret())
    return {}
