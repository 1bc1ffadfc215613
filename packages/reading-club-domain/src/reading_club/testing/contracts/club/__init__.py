"""Contract tests of the club's ports.

Subclass a contract in a test module and provide the fixture ``uow_factory`` (see
``UnitOfWorkFactory``).
"""

from reading_club.testing.contracts.club.accounts import AccountsContract
from reading_club.testing.contracts.club.accounts_invitations import InvitationsContract
from reading_club.testing.contracts.club.accounts_join_requests import JoinRequestsContract
from reading_club.testing.contracts.club.accounts_password_links import PasswordLinksContract
from reading_club.testing.contracts.club.accounts_secrecy import SecrecyContract
from reading_club.testing.contracts.club.accounts_sessions import SessionsContract
from reading_club.testing.contracts.club.accounts_tokens import TokensContract
from reading_club.testing.contracts.club.accounts_welcome import WelcomeLinkContract
from reading_club.testing.contracts.club.book_corrections import BookCorrectionsContract
from reading_club.testing.contracts.club.book_pages import BookPagesContract
from reading_club.testing.contracts.club.book_search import BookSearchContract
from reading_club.testing.contracts.club.book_withdrawals import BookWithdrawalsContract
from reading_club.testing.contracts.club.books import BookRepositoryContract
from reading_club.testing.contracts.club.catalogue import CatalogueContract
from reading_club.testing.contracts.club.catalogue_versions import CatalogueVersionsContract
from reading_club.testing.contracts.club.club_settings import ClubSettingsContract
from reading_club.testing.contracts.club.erasure import ErasureContract
from reading_club.testing.contracts.club.erasure_races import ErasureRacesContract
from reading_club.testing.contracts.club.import_effects import ImportEffectsContract
from reading_club.testing.contracts.club.imports import BookImportsContract
from reading_club.testing.contracts.club.leaving import LeavingContract
from reading_club.testing.contracts.club.notifications_feeds import FollowingFeedsContract
from reading_club.testing.contracts.club.notifications_follows import FollowsContract
from reading_club.testing.contracts.club.notifications_mail_addresses import MailAddressesContract
from reading_club.testing.contracts.club.notifications_notices import NoticesContract
from reading_club.testing.contracts.club.notifications_outgoing_mail import OutgoingMailContract
from reading_club.testing.contracts.club.own_books import OwnBooksContract
from reading_club.testing.contracts.club.read_models import ReadModelsContract
from reading_club.testing.contracts.club.rebuild import RebuildContract
from reading_club.testing.contracts.club.rebuild_arrivals import RebuildArrivalsContract
from reading_club.testing.contracts.club.rebuild_erasure import RebuildErasureContract
from reading_club.testing.contracts.club.rebuild_failures import RebuildFailuresContract
from reading_club.testing.contracts.club.review_lists import ReviewListsContract
from reading_club.testing.contracts.club.reviewers import ReviewerRepositoryContract
from reading_club.testing.contracts.club.reviews import ReviewRepositoryContract
from reading_club.testing.contracts.club.shelf_export import ShelfExportContract
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkContract, UnitOfWorkFactory

__all__ = [
    "AccountsContract",
    "BookCorrectionsContract",
    "BookImportsContract",
    "BookPagesContract",
    "BookRepositoryContract",
    "BookSearchContract",
    "BookWithdrawalsContract",
    "CatalogueContract",
    "CatalogueVersionsContract",
    "ClubSettingsContract",
    "ErasureContract",
    "ErasureRacesContract",
    "FollowingFeedsContract",
    "FollowsContract",
    "ImportEffectsContract",
    "InvitationsContract",
    "JoinRequestsContract",
    "LeavingContract",
    "MailAddressesContract",
    "NoticesContract",
    "OutgoingMailContract",
    "OwnBooksContract",
    "PasswordLinksContract",
    "ReadModelsContract",
    "RebuildArrivalsContract",
    "RebuildContract",
    "RebuildErasureContract",
    "RebuildFailuresContract",
    "ReviewListsContract",
    "ReviewRepositoryContract",
    "ReviewerRepositoryContract",
    "SecrecyContract",
    "SessionsContract",
    "ShelfExportContract",
    "TokensContract",
    "UnitOfWorkContract",
    "UnitOfWorkFactory",
    "WelcomeLinkContract",
]
