"""Contract tests of the club's ports.

Subclass a contract in a test module and provide the fixture ``uow_factory`` (see
``UnitOfWorkFactory``).
"""

from reading_club.testing.contracts.club.book_pages import BookPagesContract
from reading_club.testing.contracts.club.books import BookRepositoryContract
from reading_club.testing.contracts.club.catalogue import CatalogueContract
from reading_club.testing.contracts.club.read_models import ReadModelsContract
from reading_club.testing.contracts.club.review_lists import ReviewListsContract
from reading_club.testing.contracts.club.reviewers import ReviewerRepositoryContract
from reading_club.testing.contracts.club.reviews import ReviewRepositoryContract
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkContract, UnitOfWorkFactory

__all__ = [
    "BookPagesContract",
    "BookRepositoryContract",
    "CatalogueContract",
    "ReadModelsContract",
    "ReviewListsContract",
    "ReviewRepositoryContract",
    "ReviewerRepositoryContract",
    "UnitOfWorkContract",
    "UnitOfWorkFactory",
]
