"""What all storages of the API's tokens promise."""

from math import inf
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AccountNotFound, IdentifierTaken
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures, a_hash


class TokensContract(AccountFixtures):
    """A token of the API stands for its account until it is revoked."""

    async def test_a_token_stands_for_its_account(self) -> None:
        """Its last use is known; a token that was not used is stale."""
        account_id, hash_, token_id = await self.an_account(), a_hash(), uuid7()

        async def add(uow: AbstractUnitOfWork) -> None:
            await uow.tokens.add(token_id, hash_, account_id=account_id, name="script")

        await self.run(add)
        new = await self.run(lambda uow: uow.tokens.find(hash_))
        (listed,) = await self.run(lambda uow: uow.tokens.list(account_id))
        await self.run(lambda uow: uow.tokens.touch(hash_))
        used = await self.run(lambda uow: uow.tokens.find(hash_))
        (used_token,) = await self.run(lambda uow: uow.tokens.list(account_id))

        assert (new.account.id, new.idle, new.is_stale) == (account_id, inf, True)
        assert (listed.id, listed.name, listed.last_used_at) == (token_id, "script", None)
        assert not used.is_stale
        assert used_token.last_used_at is not None
        assert await self.run(lambda uow: uow.tokens.find(a_hash())) is None

    async def test_a_token_is_revoked_by_its_account_alone(self) -> None:
        """Another account cannot revoke it, and it is revoked once."""
        account_id, other = await self.an_account(), await self.an_account()
        hash_, token_id = a_hash(), uuid7()
        await self.run(lambda uow: uow.tokens.add(token_id, hash_, account_id=account_id, name="n"))

        revoked = [
            await self.run(lambda uow, owner: uow.tokens.revoke(owner, token_id), owner)
            for owner in (other, account_id, account_id)
        ]

        assert revoked == [False, True, False]
        assert await self.run(lambda uow: uow.tokens.find(hash_)) is None

    async def test_a_token_needs_an_account_and_an_id_of_its_own(self) -> None:
        """An unknown account and a known id are refused."""
        account_id, token_id = await self.an_account(), uuid7()

        async def add(uow: AbstractUnitOfWork, owner: UUID = account_id) -> None:
            await uow.tokens.add(token_id, a_hash(), account_id=owner, name="n")

        with pytest.raises(AccountNotFound):
            await self.run(lambda uow: add(uow, uuid7()))
        await self.run(add)
        with pytest.raises(IdentifierTaken):
            await self.run(add)
