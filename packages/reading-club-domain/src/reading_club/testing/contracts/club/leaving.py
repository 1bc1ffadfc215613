"""What every storage promises about leaving the club."""

from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import LastOrganiser
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.leaving import leave
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.erasure_helpers import NICKNAME, ErasureFixtures


class LeavingContract(ErasureFixtures):
    """Who leaves has no account any more, and takes the words along or not."""

    async def an_account_of(self, reviewer_id: UUID, role: Role = Role.MEMBER) -> Account:
        """Store an account of the reviewer."""
        id_ = uuid7()

        async def add(uow: AbstractUnitOfWork) -> Account | None:
            await uow.accounts.add(id_, reviewer_id=reviewer_id, role=role, password_hash="hash")
            return await uow.accounts.find(id_)

        account: Account = await self.run(add)
        return account

    async def leave(self, account: Account, *, erase: bool) -> None:
        """Leave, in a transaction of its own."""
        async with self.uow_factory() as transaction:
            await leave(account, self.bus, transaction, erase=erase)
            await transaction.commit()

    @pytest.mark.parametrize("erase", [True, False])
    async def test_the_words_go_along_or_stay(self, *, erase: bool) -> None:
        """The account is removed; nickname and comments are erased on request only."""
        reviewer_id, _ = await self.a_member()
        account = await self.an_account_of(reviewer_id)

        await self.leave(account, erase=erase)

        assert await self.run(lambda uow: uow.accounts.find(account.id)) is None
        assert (NICKNAME in await self.payloads()) is not erase
        reviewer = await self.run(lambda uow: uow.reviewers.get(reviewer_id))
        assert reviewer.erased is erase

    async def test_the_last_organiser_does_not_leave(self) -> None:
        """The refusal leaves account and words as they were."""
        reviewer_id, _ = await self.a_member()
        account = await self.an_account_of(reviewer_id, Role.ORGANISER)

        with pytest.raises(LastOrganiser):
            await self.leave(account, erase=True)

        assert await self.run(lambda uow: uow.accounts.find(account.id)) == account
        assert NICKNAME in await self.payloads()
