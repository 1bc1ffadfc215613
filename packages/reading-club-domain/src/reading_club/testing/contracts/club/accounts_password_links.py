"""What all storages of password links promise."""

from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AccountNotFound, NotAnOrganiser
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.accounts.password_links import VALID_FOR
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures, a_hash


class PasswordLinksContract(AccountFixtures):
    """A password link gives its account once, within a day."""

    async def link(self, account_id: UUID, created_by: UUID | None = None) -> SecretHash:
        """Store a link that an organiser made, and return its hash."""
        organiser, hash_ = created_by or await self.an_account(Role.ORGANISER), a_hash()

        async def add(uow: AbstractUnitOfWork) -> None:
            await uow.password_links.add(hash_, account_id=account_id, created_by=organiser)

        await self.run(add)
        return hash_

    async def redeem(self, hash_: SecretHash) -> UUID | None:
        """Redeem a link in a transaction of its own, and return the account's id."""
        account: Account | None = await self.run(lambda uow: uow.password_links.redeem(hash_))
        return None if account is None else account.id

    async def test_a_link_works_once(self) -> None:
        """A use that is rolled back does not count; an unknown link gives nothing."""
        account_id = await self.an_account()
        hash_ = await self.link(account_id)
        async with self.uow_factory() as transaction:
            account = await transaction.uow.password_links.redeem(hash_)
            assert account == await transaction.uow.accounts.find(account_id)
            await transaction.rollback()

        tries = [await self.redeem(each) for each in (a_hash(), hash_, hash_)]

        assert tries == [None, account_id, None]

    async def test_of_two_at_the_same_time_one_uses_the_link(self) -> None:
        """The second transaction begins while the first has not committed."""
        account_id = await self.an_account()
        hash_ = await self.link(account_id)

        async def use(uow: AbstractUnitOfWork) -> bool:
            if await uow.password_links.redeem(hash_) is None:
                return False
            await uow.accounts.change_password(account_id, "new")
            return True

        results = await self.race(use, use)

        assert results.count(True) == 1
        assert results.count(False) == 1 or any(isinstance(r, WriteConflict) for r in results)

    async def test_a_new_link_ends_the_old_one_of_its_account(self) -> None:
        """The link of another account goes on."""
        account_id, other = await self.an_account(), await self.an_account()
        old, others, new = [await self.link(each) for each in (account_id, other, account_id)]

        redeemed = [await self.redeem(each) for each in (old, others, new)]

        assert redeemed == [None, other, account_id]

    async def test_a_link_expires_after_a_day(self) -> None:
        """By the storage's clock; the time of its end is returned."""
        account_id, organiser = await self.an_account(), await self.an_account(Role.ORGANISER)
        account = await self.run(lambda uow: uow.accounts.find(account_id))
        expires_at = await self.run(
            lambda uow: uow.password_links.add(a_hash(), account_id=organiser, created_by=organiser)
        )
        first = await self.link(account_id, organiser)
        await self.pass_time(VALID_FOR - 60.0)
        assert await self.redeem(first) == account_id
        second = await self.link(account_id, organiser)

        await self.pass_time(VALID_FOR + 1.0)

        assert await self.redeem(second) is None
        assert abs((expires_at - account.created_at).total_seconds() - VALID_FOR) < 60.0

    async def test_a_new_password_ends_the_link_of_its_account(self) -> None:
        """The link of another account goes on."""
        account_id, other = await self.an_account(), await self.an_account()
        mine, others = await self.link(account_id), await self.link(other)

        await self.run(lambda uow: uow.accounts.change_password(account_id, "new"))

        assert [await self.redeem(mine), await self.redeem(others)] == [None, other]

    async def test_a_link_goes_with_either_account(self) -> None:
        """With the one that it is for, and with the one that made it."""
        account_id, other = await self.an_account(), await self.an_account()
        organiser = await self.an_account(Role.ORGANISER)
        mine, others = await self.link(account_id), await self.link(other, organiser)

        await self.run(lambda uow: uow.accounts.remove(account_id))
        await self.run(lambda uow: uow.accounts.remove(organiser))

        assert [await self.redeem(mine), await self.redeem(others)] == [None, None]

    async def test_a_demoted_organisers_links_give_nothing(self) -> None:
        """Those of another organiser go on."""
        account_id, other = await self.an_account(), await self.an_account()
        demoted = await self.an_account(Role.ORGANISER)
        ended, kept = await self.link(account_id, demoted), await self.link(other)

        for role in (Role.MEMBER, Role.ORGANISER):
            await self.run(lambda uow, role: uow.accounts.change_role(demoted, role), role)

        assert [await self.redeem(ended), await self.redeem(kept)] == [None, other]

    @pytest.mark.parametrize("first", ["demotion", "link"])
    async def test_no_link_outlives_a_demotion_at_the_same_time(self, first: str) -> None:
        """It is refused, or ended by the demotion."""
        account_id, hash_ = await self.an_account(), a_hash()
        demoted, _ = [await self.an_account(Role.ORGANISER) for _ in range(2)]

        async def demote(uow: AbstractUnitOfWork) -> None:
            await uow.accounts.change_role(demoted, Role.MEMBER)

        async def add(uow: AbstractUnitOfWork) -> None:
            await uow.password_links.add(hash_, account_id=account_id, created_by=demoted)

        await self.race(*((demote, add) if first == "demotion" else (add, demote)))

        account = await self.run(lambda uow: uow.accounts.find(demoted))
        assert account.role is Role.MEMBER
        assert await self.redeem(hash_) is None

    async def test_a_link_needs_an_account_and_an_organiser(self) -> None:
        """An unknown account is refused, and a member's."""
        account_id, organiser = await self.an_account(), await self.an_account(Role.ORGANISER)
        for target, creator, refusal in (
            (uuid7(), organiser, AccountNotFound),
            (account_id, uuid7(), AccountNotFound),
            (account_id, account_id, NotAnOrganiser),
        ):
            with pytest.raises(refusal):
                await self.link(target, creator)

    async def test_expired_links_are_pruned(self) -> None:
        """One call deletes them; the others stay."""
        account_id, other = await self.an_account(), await self.an_account()
        await self.link(account_id)
        await self.pass_time(VALID_FOR)
        newer = await self.link(other)

        pruned = [await self.run(lambda uow: uow.accounts.prune()) for _ in range(2)]

        assert [each["password_links"] for each in pruned] == [1, 0]
        assert await self.redeem(newer) == other
