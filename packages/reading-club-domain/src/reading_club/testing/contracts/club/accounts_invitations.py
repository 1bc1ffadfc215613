"""What all storages of invitations promise."""

import asyncio
from uuid import UUID

import pytest
from lastuuid import uuid7
from pydantic import ValidationError

from reading_club.domain.errors import (
    AccountNotFound,
    IdentifierTaken,
    NicknameTaken,
    NotAnOrganiser,
)
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.accounts import Role
from reading_club.service.accounts.invitations import Invitation, InvitationTerms
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.accounts_helpers import DAY, AccountFixtures, a_hash


async def join(
    uow: AbstractUnitOfWork, invitation: SecretHash, nickname: str | None = None
) -> bool:
    """Redeem an invitation and add a reviewer with an account; return False if it gives nothing."""
    if not await uow.invitations.redeem(invitation):
        return False
    reviewer = a_reviewer(nickname=nickname)
    await uow.reviewers.add(reviewer)
    await uow.accounts.add(uuid7(), reviewer_id=reviewer.id, role=Role.MEMBER, password_hash="h")
    return True


class InvitationsContract(AccountFixtures):
    """An invitation gives as many uses as it has, until it expires or is revoked."""

    async def invite(
        self, *, days: int = 7, uses: int = 1, created_by: UUID | None = None
    ) -> tuple[Invitation, SecretHash]:
        """Store an invitation of an organiser, and return it with its hash."""
        organiser, hash_ = created_by or await self.an_account(Role.ORGANISER), a_hash()
        terms = InvitationTerms(days=days, uses=uses)
        invitation: Invitation = await self.run(
            lambda uow: uow.invitations.add(uuid7(), hash_, created_by=organiser, terms=terms)
        )
        return invitation, hash_

    async def redeem(self, hash_: SecretHash) -> bool:
        """Redeem one use in a transaction of its own."""
        given: bool = await self.run(lambda uow: uow.invitations.redeem(hash_))
        return given

    async def test_an_invitation_gives_its_uses(self) -> None:
        """No more than it has, and an unknown one gives nothing."""
        _, hash_ = await self.invite(uses=2)

        assert [await self.redeem(hash_) for _ in range(3)] == [True, True, False]
        assert not await self.redeem(a_hash())

    async def test_the_last_use_is_given_once(self) -> None:
        """Of many who join at the same time with the last use, one is in."""
        _, hash_ = await self.invite()

        joins = [self.run(lambda uow: join(uow, hash_)) for _ in range(5)]
        results = await asyncio.gather(*joins, return_exceptions=True)

        assert results.count(True) == 1
        assert all(each in {True, False} or isinstance(each, WriteConflict) for each in results)
        assert len(await self.run(lambda uow: uow.accounts.list())) == 2

    async def test_one_who_waits_for_the_last_use_gets_none(self) -> None:
        """The second transaction begins while the first has not committed."""
        _, hash_ = await self.invite()

        results = await self.race(lambda uow: join(uow, hash_), lambda uow: join(uow, hash_))

        assert results.count(True) == 1
        assert len(await self.run(lambda uow: uow.accounts.list())) == 2

    async def test_a_refused_registration_uses_none(self) -> None:
        """The use of a rolled-back transaction is there again."""
        await self.an_account(nickname="Ada")
        _, hash_ = await self.invite()

        with pytest.raises(NicknameTaken):
            await self.run(lambda uow: join(uow, hash_, "ADA"))

        assert await self.run(lambda uow: join(uow, hash_, "Bob"))

    async def test_an_expired_invitation_gives_nothing(self) -> None:
        """It expires by the storage's clock, and is not listed any more."""
        invitation, hash_ = await self.invite(days=2)
        await self.pass_time(2 * DAY - 60.0)
        listed = await self.run(lambda uow: uow.invitations.list())
        assert [each.id for each in listed] == [invitation.id]

        await self.pass_time(61.0)

        assert not await self.redeem(hash_)
        assert await self.run(lambda uow: uow.invitations.list()) == []

    async def test_a_revoked_invitation_gives_nothing(self) -> None:
        """It is revoked once, and listed as such."""
        invitation, hash_ = await self.invite()

        revoked = [
            await self.run(lambda uow, id_: uow.invitations.revoke(id_), id_)
            for id_ in (invitation.id, invitation.id, uuid7())
        ]

        assert revoked == [True, False, False]
        assert not await self.redeem(hash_)
        (listed,) = await self.run(lambda uow: uow.invitations.list())
        assert listed.revoked_at is not None

    async def test_a_demoted_organisers_invitations_are_revoked(self) -> None:
        """Those of another organiser go on, and a later promotion brings none back."""
        invitation, hash_ = await self.invite()
        other, kept = await self.invite()

        for role in (Role.MEMBER, Role.ORGANISER):
            await self.run(
                lambda uow, role: uow.accounts.change_role(invitation.created_by, role), role
            )

        assert [await self.redeem(hash_), await self.redeem(kept)] == [False, True]
        listed = await self.run(lambda uow: uow.invitations.list())
        assert [each.id for each in listed if each.revoked_at is None] == [other.id]

    @pytest.mark.parametrize("first", ["demotion", "invitation"])
    async def test_no_invitation_outlives_a_demotion_at_the_same_time(self, first: str) -> None:
        """It is refused, or revoked by the demotion."""
        demoted, _ = [await self.an_account(Role.ORGANISER) for _ in range(2)]
        hash_, terms = a_hash(), InvitationTerms()

        async def demote(uow: AbstractUnitOfWork) -> None:
            await uow.accounts.change_role(demoted, Role.MEMBER)

        async def invite(uow: AbstractUnitOfWork) -> None:
            await uow.invitations.add(uuid7(), hash_, created_by=demoted, terms=terms)

        await self.race(*((demote, invite) if first == "demotion" else (invite, demote)))

        account = await self.run(lambda uow: uow.accounts.find(demoted))
        assert account.role is Role.MEMBER
        assert not await self.redeem(hash_)

    async def test_invitations_are_listed_with_the_newest_first(self) -> None:
        """As they were returned, with the uses that are left."""
        older, _ = await self.invite()
        newer, hash_ = await self.invite(uses=3, created_by=older.created_by)
        await self.redeem(hash_)

        listed = await self.run(lambda uow: uow.invitations.list())

        assert [(each.id, each.uses_left) for each in listed] == [(newer.id, 2), (older.id, 1)]
        assert listed[1] == older
        assert abs((older.expires_at - older.created_at).total_seconds() - 7 * DAY) < 60.0

    async def test_an_invitation_needs_an_organiser_and_an_id_of_its_own(self) -> None:
        """An unknown account, a member's and a known id are refused."""
        (invitation, _), member = await self.invite(), await self.an_account()
        for id_, creator, refusal in (
            (uuid7(), uuid7(), AccountNotFound),
            (uuid7(), member, NotAnOrganiser),
            (invitation.id, invitation.created_by, IdentifierTaken),
        ):
            async with self.uow_factory() as transaction:
                with pytest.raises(refusal):
                    await transaction.uow.invitations.add(
                        id_, a_hash(), created_by=creator, terms=InvitationTerms()
                    )
                await transaction.rollback()

    @pytest.mark.parametrize("terms", [{"days": 0}, {"days": 366}, {"uses": 0}, {"uses": 201}])
    def test_terms_have_limits(self, terms: dict[str, int]) -> None:
        """The error names the field."""
        with pytest.raises(ValidationError, match=next(iter(terms))):
            InvitationTerms(**terms)

    async def test_expired_invitations_are_pruned(self) -> None:
        """One call deletes them; the others stay."""
        older, _ = await self.invite(days=1)
        newer, _ = await self.invite(days=3, created_by=older.created_by)
        await self.pass_time(2 * DAY)

        pruned = [await self.run(lambda uow: uow.accounts.prune()) for _ in range(2)]

        assert [each["invitations"] for each in pruned] == [1, 0]
        listed = await self.run(lambda uow: uow.invitations.list())
        assert [each.id for each in listed] == [newer.id]
