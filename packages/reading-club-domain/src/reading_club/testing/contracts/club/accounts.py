"""What all storages of accounts promise."""

import asyncio
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import (
    AccountExists,
    AccountNotFound,
    IdentifierTaken,
    LastOrganiser,
    ReviewerNotFound,
)
from reading_club.service.accounts.accounts import Account, Credentials, Role
from reading_club.service.accounts.invitations import InvitationTerms
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures, a_hash


class AccountsContract(AccountFixtures):
    """An account belongs to a reviewer; a club that has an organiser keeps one."""

    async def account(self, account_id: UUID) -> Account | None:
        """Return the account, or None."""
        found: Account | None = await self.run(lambda uow: uow.accounts.find(account_id))
        return found

    async def test_an_account_is_found_by_a_nickname_that_looks_the_same(self) -> None:
        """The credentials hold the password's hash, and do not show it."""
        account_id = await self.an_account(nickname="Émile  B", password_hash="argon")

        found = [
            await self.run(lambda uow, name: uow.accounts.credentials(name), name)
            for name in ("Émile  B", "ÉMILE B", "Emile B", "\x00", "\ud800")
        ]

        account = await self.account(account_id)
        assert account is not None
        assert (account.nickname, account.role) == ("Émile  B", Role.MEMBER)
        known = Credentials(account, "argon")
        assert found == [known, known, None, None, None]
        assert "argon" not in repr(found)

    async def test_an_account_comes_and_goes_with_its_reviewers_transaction(self) -> None:
        """A rollback leaves neither the reviewer nor the account."""
        reviewer, account_id = a_reviewer(), uuid7()
        async with self.uow_factory() as transaction:
            uow = transaction.uow
            await uow.reviewers.add(reviewer)
            await uow.accounts.add(
                account_id, reviewer_id=reviewer.id, role=Role.ORGANISER, password_hash="h"
            )
            assert await uow.accounts.is_claimed()
            await transaction.rollback()

        assert await self.account(account_id) is None
        assert not await self.run(lambda uow: uow.accounts.is_claimed())

    async def test_a_reviewer_has_one_account(self) -> None:
        """A second account, a known id and an unknown reviewer are refused."""
        account_id = await self.an_account()
        account = await self.account(account_id)
        assert account is not None
        other = a_reviewer()
        await self.run(lambda uow: uow.reviewers.add(other))

        for id_, reviewer_id, refusal in (
            (uuid7(), account.reviewer_id, AccountExists),
            (account_id, other.id, IdentifierTaken),
            (uuid7(), uuid7(), ReviewerNotFound),
        ):
            async with self.uow_factory() as transaction:
                with pytest.raises(refusal):
                    await transaction.uow.accounts.add(
                        id_, reviewer_id=reviewer_id, role=Role.MEMBER, password_hash="h"
                    )
                await transaction.rollback()
        assert await self.run(lambda uow: uow.accounts.list()) == [account]

    async def test_accounts_are_listed_with_the_oldest_first(self) -> None:
        """The order is that of their storage."""
        ids = [await self.an_account() for _ in range(3)]

        listed = await self.run(lambda uow: uow.accounts.list())

        assert [account.id for account in listed] == ids

    async def test_one_of_two_organisers_can_become_a_member(self) -> None:
        """The other one is the last, who can neither be demoted nor removed."""
        first, last = [await self.an_account(Role.ORGANISER) for _ in range(2)]

        await self.run(lambda uow: uow.accounts.change_role(first, Role.MEMBER))
        with pytest.raises(LastOrganiser):
            await self.run(lambda uow: uow.accounts.change_role(last, Role.MEMBER))
        with pytest.raises(LastOrganiser):
            await self.run(lambda uow: uow.accounts.remove(last))

        await self.run(lambda uow: uow.accounts.change_role(last, Role.ORGANISER))
        await self.run(lambda uow: uow.accounts.change_role(first, Role.MEMBER))
        roles = [account.role for account in await self.run(lambda uow: uow.accounts.list())]
        assert roles == [Role.MEMBER, Role.ORGANISER]

    @pytest.mark.parametrize("leaving", ["both demoted", "both removed", "one of each"])
    async def test_two_last_organisers_cannot_go_at_the_same_time(self, leaving: str) -> None:
        """Of two transactions that each leave the other organiser, one is refused."""
        ids = [await self.an_account(Role.ORGANISER) for _ in range(2)]

        async def demote(uow: AbstractUnitOfWork, id_: UUID) -> None:
            await uow.accounts.change_role(id_, Role.MEMBER)

        async def remove(uow: AbstractUnitOfWork, id_: UUID) -> None:
            await uow.accounts.remove(id_)

        ways = {"both demoted": (demote, demote), "both removed": (remove, remove)}
        first, second = ways.get(leaving, (remove, demote))
        results = await self.race(lambda uow: first(uow, ids[0]), lambda uow: second(uow, ids[1]))

        assert [type(result) for result in results if result is not None] == [LastOrganiser]
        assert await self.run(lambda uow: uow.accounts.is_claimed())

    async def test_one_of_two_organisers_can_be_removed(self) -> None:
        """Sessions, invitations and tokens go along; the reviewer stays."""
        _, account_id = [await self.an_account(Role.ORGANISER) for _ in range(2)]
        account, session, invitation = await self.account(account_id), a_hash(), a_hash()
        assert account is not None
        token = a_hash()

        async def fill(uow: AbstractUnitOfWork) -> None:
            credentials = await uow.accounts.credentials(account.nickname)
            assert credentials is not None
            await uow.sessions.start(session, credentials, label="")
            terms = InvitationTerms()
            await uow.invitations.add(uuid7(), invitation, created_by=account_id, terms=terms)
            await uow.tokens.add(uuid7(), token, account_id=account_id, name="script")

        await self.run(fill)
        await self.run(lambda uow: uow.accounts.remove(account_id))

        async def rest(uow: AbstractUnitOfWork) -> list[object]:
            found = [await uow.sessions.find(session), await uow.tokens.find(token)]
            assert not await uow.invitations.redeem(invitation)
            assert await uow.reviewers.find(account.reviewer_id) is not None
            return [*found, *await uow.invitations.list(), await uow.accounts.find(account_id)]

        assert await self.run(rest) == [None, None, None]

    async def test_an_unknown_account_is_refused(self) -> None:
        """Role, password and removal need an account."""
        for work in (
            lambda uow: uow.accounts.change_role(uuid7(), Role.MEMBER),
            lambda uow: uow.accounts.change_role(uuid7(), Role.ORGANISER),
            lambda uow: uow.accounts.change_password(uuid7(), "h"),
            lambda uow: uow.accounts.remove(uuid7()),
        ):
            with pytest.raises(AccountNotFound):
                await self.run(work)

    async def test_of_many_accounts_of_a_reviewer_one_is_stored(self) -> None:
        """Transactions at the same time cannot both give a reviewer an account."""
        reviewer = a_reviewer()
        await self.run(lambda uow: uow.reviewers.add(reviewer))

        async def add(uow: AbstractUnitOfWork) -> None:
            await uow.accounts.add(
                uuid7(), reviewer_id=reviewer.id, role=Role.MEMBER, password_hash="h"
            )

        results = await asyncio.gather(*[self.run(add) for _ in range(3)], return_exceptions=True)

        assert [type(each) for each in results if each is not None] == [AccountExists] * 2
