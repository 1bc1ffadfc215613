"""What every adapter promises, as tests.

Subclass a contract in a test module and provide the fixture ``uow_factory`` (see
``UnitOfWorkFactory``); the adapter then runs the same tests as every other one.
"""

from reading_club.testing.contracts.activity import ActivityLogContract, DeadLettersContract
from reading_club.testing.contracts.books import BookRepositoryContract
from reading_club.testing.contracts.history import History, MessageStoreContract
from reading_club.testing.contracts.publication import PublicationContract
from reading_club.testing.contracts.reviewers import ReviewerRepositoryContract
from reading_club.testing.contracts.reviews import ReviewRepositoryContract
from reading_club.testing.contracts.uow import UnitOfWorkContract, UnitOfWorkFactory

__all__ = [
    "ActivityLogContract",
    "BookRepositoryContract",
    "DeadLettersContract",
    "History",
    "MessageStoreContract",
    "PublicationContract",
    "ReviewRepositoryContract",
    "ReviewerRepositoryContract",
    "UnitOfWorkContract",
    "UnitOfWorkFactory",
]
