"""The contracts of accounts on SQL."""

from lastuuid import uuid7

from reading_club.service.accounts.accounts import Role
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts import club
from reading_club.testing.contracts.club.accounts_helpers import a_hash


class TestAccounts(club.AccountsContract):
    """The accounts on SQL."""


class TestSessions(club.SessionsContract):
    """The sessions on SQL."""


class TestInvitations(club.InvitationsContract):
    """The invitations on SQL."""


class TestWelcomeLink(club.WelcomeLinkContract):
    """The welcome link on SQL."""

    async def test_an_organisers_account_comes_before_a_claim_at_the_same_time(self) -> None:
        """The claim begins while the account is not committed: it waits, and is refused."""
        hash_ = a_hash()
        await self.run(lambda uow: uow.welcome_link.put(hash_))

        async def add(uow: AbstractUnitOfWork) -> None:
            reviewer = a_reviewer()
            await uow.reviewers.add(reviewer)
            await uow.accounts.add(
                uuid7(), reviewer_id=reviewer.id, role=Role.ORGANISER, password_hash="h"
            )

        results = await self.race(add, lambda uow: self.claim(uow, hash_))

        assert results == [None, False]
        assert len(await self.run(lambda uow: uow.accounts.list())) == 1


class TestErasure(club.ErasureContract):
    """The erasure of a member on SQL."""


class TestErasureRaces(club.ErasureRacesContract):
    """The erasure of a member who writes, on SQL."""


class TestLeaving(club.LeavingContract):
    """Leaving the club on SQL."""


class TestTokens(club.TokensContract):
    """The tokens of the API on SQL."""


class TestSecrecy(club.SecrecyContract):
    """The secrets of accounts on SQL."""


class TestJoinRequests(club.JoinRequestsContract):
    """The requests to join on SQL."""


class TestPasswordLinks(club.PasswordLinksContract):
    """The password links on SQL."""


class TestClubSettings(club.ClubSettingsContract):
    """The club's settings on SQL."""


class TestImports(club.BookImportsContract, club.ImportEffectsContract):
    """The imports on SQL."""


class TestOwnBooks(club.OwnBooksContract):
    """The shelves and dates of members on SQL."""
