"""The in-memory adapters keep every contract."""

import pytest

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import WriteConflict
from reading_club.testing.clock import ManualClock
from reading_club.testing.contracts import club
from reading_club.testing.contracts.eventstream import UnitOfWorkOn
from reading_club.testing.contracts.eventstream.all_contracts import *  # noqa: F403  # its tests run here
from reading_club.testing.stream_fixtures import *  # noqa: F403  # for the suite


@pytest.fixture
def database(clock: ManualClock) -> InMemoryDatabase:
    """An empty database on the manual clock."""
    return InMemoryDatabase(clock.now)


@pytest.fixture
def uow_on(database: InMemoryDatabase) -> UnitOfWorkOn:
    """Make units of work in memory on any transport."""
    return lambda transport: InMemoryUnitOfWork(transport, database)


class TestUnitOfWork(club.UnitOfWorkContract):
    """The unit of work in memory."""


class TestBooks(club.BookRepositoryContract):
    """The books in memory."""


class TestBookCorrections(club.BookCorrectionsContract):
    """Corrections of books in memory."""


class TestBookWithdrawals(club.BookWithdrawalsContract):
    """Withdrawn books in memory."""


class TestBookSearch(club.BookSearchContract):
    """Search and orders in memory."""


class TestBookPages(club.BookPagesContract):
    """The lists of books in memory."""


class TestReviewers(club.ReviewerRepositoryContract):
    """The reviewers in memory."""


class TestReviewLists(club.ReviewListsContract):
    """The lists of reviews in memory."""


class TestReviews(club.ReviewRepositoryContract):
    """The reviews in memory."""


class TestShelfExport(club.ShelfExportContract):
    """The export of the shelf in memory."""


class TestErasure(club.ErasureContract):
    """The erasure of a member in memory."""


class TestErasureRaces(club.ErasureRacesContract):
    """The erasure of a member who writes, in memory."""


class TestLeaving(club.LeavingContract):
    """Leaving the club in memory."""


class TestReadModels(club.ReadModelsContract):
    """The read models in memory."""


class TestCatalogueVersions(club.CatalogueVersionsContract):
    """Versions of books in the catalogue in memory."""


class TestCatalogue(club.CatalogueContract):
    """The catalogue in memory."""


class TestRebuild(
    club.RebuildContract,
    club.RebuildArrivalsContract,
    club.RebuildErasureContract,
    club.RebuildFailuresContract,
):
    """The rebuilds of the projections in memory."""

    async def test_a_step_that_read_what_was_erased_meanwhile_is_undone(self) -> None:
        """Nothing waits in memory: the commit is refused, and the step can be done again."""
        member, _ = await self.a_member()
        await self.rebuild("activity").begin()
        types = self.rebuild("activity").subscriber.types
        async with self.uow_factory() as transaction:
            events = await transaction.uow.projections.step("activity", types, limit=100)
            await self.erase(member)
            await transaction.uow.projections.reached("activity", events[-1].position)

            with pytest.raises(WriteConflict):
                await transaction.commit()
            await transaction.rollback()


class TestAccounts(club.AccountsContract):
    """The accounts in memory."""


class TestSessions(club.SessionsContract):
    """The sessions in memory."""


class TestInvitations(club.InvitationsContract):
    """The invitations in memory."""


class TestWelcomeLink(club.WelcomeLinkContract):
    """The welcome link in memory."""


class TestTokens(club.TokensContract):
    """The tokens of the API in memory."""


class TestSecrecy(club.SecrecyContract):
    """The secrets of accounts in memory."""


class TestJoinRequests(club.JoinRequestsContract):
    """The requests to join in memory."""


class TestPasswordLinks(club.PasswordLinksContract):
    """The password links in memory."""


class TestClubSettings(club.ClubSettingsContract):
    """The club's settings in memory."""


class TestImports(club.BookImportsContract, club.ImportEffectsContract):
    """The imports in memory."""


class TestOwnBooks(club.OwnBooksContract):
    """The shelves and dates of members in memory."""


class TestNotices(club.FollowsContract, club.NoticesContract, club.FollowingFeedsContract):
    """What members follow, their notices and their feeds, in memory."""


class TestMail(club.MailAddressesContract, club.OutgoingMailContract):
    """The addresses for notices, and the mail that is to be sent, in memory."""
