"""What all storages of the welcome link promise."""

from lastuuid import uuid7

from reading_club.service.accounts.accounts import Role
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures, a_hash


class WelcomeLinkContract(AccountFixtures):
    """The welcome link makes one organiser."""

    async def claim(self, uow: AbstractUnitOfWork, hash_: SecretHash) -> bool:
        """Redeem the link and add an organiser; return False if it gives nothing."""
        if not await uow.welcome_link.redeem(hash_):
            return False
        reviewer = a_reviewer()
        await uow.reviewers.add(reviewer)
        await uow.accounts.add(
            uuid7(), reviewer_id=reviewer.id, role=Role.ORGANISER, password_hash="h"
        )
        return True

    async def test_the_link_works_once(self) -> None:
        """A rolled-back use does not count; an unknown link gives nothing."""
        hash_ = a_hash()
        await self.run(lambda uow: uow.welcome_link.put(hash_))
        async with self.uow_factory() as transaction:
            assert await self.claim(transaction.uow, hash_)
            await transaction.rollback()

        tries = [await self.run(self.claim, each) for each in (a_hash(), hash_, hash_)]

        assert tries == [False, True, False]

    async def test_of_two_at_the_same_time_one_becomes_the_organiser(self) -> None:
        """The second transaction begins while the first has not committed."""
        hash_ = a_hash()
        await self.run(lambda uow: uow.welcome_link.put(hash_))

        results = await self.race(
            lambda uow: self.claim(uow, hash_), lambda uow: self.claim(uow, hash_)
        )

        assert results.count(True) == 1
        assert len(await self.run(lambda uow: uow.accounts.list())) == 1

    async def test_a_new_link_ends_the_old_one(self) -> None:
        """Only the last one works."""
        old, new = a_hash(), a_hash()
        for each in (old, new):
            await self.run(lambda uow, each: uow.welcome_link.put(each), each)

        assert not await self.run(lambda uow: uow.welcome_link.redeem(old))
        assert await self.run(lambda uow: uow.welcome_link.redeem(new))

    async def test_a_club_with_an_organiser_has_no_welcome_link(self) -> None:
        """An unused link ends with the organiser's account, and a later one gives nothing."""
        hash_ = a_hash()
        await self.run(lambda uow: uow.welcome_link.put(hash_))
        await self.an_account(Role.ORGANISER)
        assert not await self.run(lambda uow: uow.welcome_link.redeem(hash_))

        await self.run(lambda uow: uow.welcome_link.put(hash_))

        assert not await self.run(lambda uow: uow.welcome_link.redeem(hash_))

    async def test_a_members_account_leaves_the_link(self) -> None:
        """The club has no organiser still."""
        hash_ = a_hash()
        await self.run(lambda uow: uow.welcome_link.put(hash_))

        await self.an_account()

        assert await self.run(lambda uow: uow.welcome_link.redeem(hash_))
