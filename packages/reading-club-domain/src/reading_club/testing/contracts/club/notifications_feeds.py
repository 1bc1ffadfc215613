"""What all storages of private feeds promise."""

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AccountNotFound
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures, a_hash


class FollowingFeedsContract(AccountFixtures):
    """A feed stands for its account until it is revoked, or has another secret."""

    async def test_a_feed_stands_for_its_account(self) -> None:
        """By its secret alone, from the time on that it was made."""
        account, other, hash_ = await self.an_account(), await self.an_account(), a_hash()

        await self.run(lambda uow: uow.following_feeds.put(account, hash_))

        assert await self.run(lambda uow: uow.following_feeds.find(hash_)) == account
        assert await self.run(lambda uow: uow.following_feeds.find(a_hash())) is None
        assert await self.run(lambda uow: uow.following_feeds.created_at(account)) is not None
        assert await self.run(lambda uow: uow.following_feeds.created_at(other)) is None

    async def test_a_new_secret_ends_the_old_one(self) -> None:
        """There is one feed an account."""
        account, old, new = await self.an_account(), a_hash(), a_hash()
        for hash_ in (old, new):
            await self.run(lambda uow, each: uow.following_feeds.put(account, each), hash_)

        assert await self.run(lambda uow: uow.following_feeds.find(old)) is None
        assert await self.run(lambda uow: uow.following_feeds.find(new)) == account

    async def test_a_feed_is_revoked_once(self) -> None:
        """Afterwards its secret opens nothing."""
        account, hash_ = await self.an_account(), a_hash()
        await self.run(lambda uow: uow.following_feeds.put(account, hash_))

        revoked = [await self.run(lambda uow: uow.following_feeds.revoke(account)) for _ in "12"]

        assert revoked == [True, False]
        assert await self.run(lambda uow: uow.following_feeds.find(hash_)) is None

    async def test_a_feed_needs_an_account_and_goes_with_it(self) -> None:
        """An unknown account is refused."""
        account, hash_ = await self.an_account(), a_hash()
        await self.run(lambda uow: uow.following_feeds.put(account, hash_))
        await self.run(lambda uow: uow.accounts.remove(account))

        assert await self.run(lambda uow: uow.following_feeds.find(hash_)) is None
        with pytest.raises(AccountNotFound):
            await self.run(lambda uow: uow.following_feeds.put(uuid7(), a_hash()))
