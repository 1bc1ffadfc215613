"""Leaving the club, with or without one's words."""

from typing import Any

from messagebus import AsyncUnitOfWorkTransaction

from reading_club.domain.messages import EraseReviewer
from reading_club.service.accounts.accounts import Account
from reading_club.service.bus import ClubBus
from reading_club.service.uow import AbstractUnitOfWork


async def leave(
    account: Account,
    bus: ClubBus,
    transaction: AsyncUnitOfWorkTransaction[Any],
    *,
    erase: bool,
) -> None:
    """Remove an account; with ``erase`` its reviewer's words as well. The caller commits.

    Without it, nickname and reviews stay. Raises AccountNotFound, LastOrganiser, or WriteConflict
    after a concurrent change; roll back then.
    """
    uow: AbstractUnitOfWork = transaction.uow
    await uow.accounts.remove(account.id)
    if erase:
        await bus.handle(EraseReviewer(id=account.reviewer_id), transaction)
