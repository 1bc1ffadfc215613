"""Storage of accounts for the contracts, and transactions at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.service.accounts.accounts import Credentials, Role
from reading_club.service.accounts.secrets import SecretHash, hash_of
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory
from reading_club.testing.contracts.eventstream.helpers import PassTime

Work = Callable[[AbstractUnitOfWork], Awaitable[Any]]
OVERLAP = 0.1
"""Seconds for which a transaction stays open while another one wants the same."""
DAY = 86_400.0
_numbers = count(1)


def a_hash() -> SecretHash:
    """Return the hash of a secret that was not returned before."""
    return hash_of(f"secret {next(_numbers)}")


class AccountFixtures:
    """The storage, as attributes of a contract. Needs the fixture ``pass_time``."""

    @pytest.fixture(autouse=True)
    def _storage(self, uow_factory: UnitOfWorkFactory, pass_time: PassTime) -> None:
        self.uow_factory, self.pass_time = uow_factory, pass_time

    async def run(
        self,
        work: Callable[..., Awaitable[Any]],
        *arguments: Any,
        while_open: asyncio.Task[Any] | None = None,
    ) -> Any:
        """Await the work in a transaction that is committed, and return its result.

        The work gets the unit of work and the arguments. The other task gets some time before the
        commit.
        """
        async with self.uow_factory() as transaction:
            result = await work(transaction.uow, *arguments)
            if while_open is not None:
                await asyncio.wait([while_open], timeout=OVERLAP)
            await transaction.commit()
        return result

    async def race(self, first: Work, second: Work) -> list[Any]:
        """Begin and end the second while the first has not committed; return results and errors."""
        begun = asyncio.Event()

        async def begin(uow: AbstractUnitOfWork) -> Any:
            try:
                return await first(uow)
            finally:
                begun.set()

        async def follow() -> Any:
            await begun.wait()
            return await self.run(second)

        follower = asyncio.create_task(follow())
        leader = self.run(begin, while_open=follower)
        return list(await asyncio.gather(leader, follower, return_exceptions=True))

    async def an_account(
        self, role: Role = Role.MEMBER, *, nickname: str | None = None, password_hash: str = "hash"
    ) -> UUID:
        """Store a reviewer with an account, and return the account's id."""
        reviewer, identifier = a_reviewer(nickname=nickname), uuid7()

        async def add(uow: AbstractUnitOfWork) -> None:
            await uow.reviewers.add(reviewer)
            await uow.accounts.add(
                identifier, reviewer_id=reviewer.id, role=role, password_hash=password_hash
            )

        await self.run(add)
        return identifier

    async def credentials(self, account_id: UUID) -> Credentials:
        """Return the account's credentials, as a log-in reads them."""

        async def read(uow: AbstractUnitOfWork) -> Credentials | None:
            account = await uow.accounts.find(account_id)
            assert account is not None
            return await uow.accounts.credentials(account.nickname)

        found: Credentials = await self.run(read)
        return found

    async def a_session(self, account_id: UUID, label: str = "Firefox") -> SecretHash:
        """Start a session, and return its hash."""
        hash_, credentials = a_hash(), await self.credentials(account_id)
        assert await self.run(lambda uow: uow.sessions.start(hash_, credentials, label=label))
        return hash_
