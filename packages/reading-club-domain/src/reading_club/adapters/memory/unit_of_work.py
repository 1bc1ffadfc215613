"""The club's unit of work, in memory."""

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.adapters.memory.accounts.accounts import InMemoryAccounts
from reading_club.adapters.memory.accounts.club import InMemoryClub
from reading_club.adapters.memory.accounts.invitations import (
    InMemoryInvitations,
    InMemoryWelcomeLink,
)
from reading_club.adapters.memory.accounts.join_requests import InMemoryJoinRequests
from reading_club.adapters.memory.accounts.password_links import InMemoryPasswordLinks
from reading_club.adapters.memory.accounts.sessions import InMemorySessions
from reading_club.adapters.memory.accounts.tokens import InMemoryTokens
from reading_club.adapters.memory.book_imports import InMemoryBookImports
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.notifications.following_feeds import InMemoryFollowingFeeds
from reading_club.adapters.memory.notifications.follows import InMemoryFollows
from reading_club.adapters.memory.notifications.mail_addresses import InMemoryMailAddresses
from reading_club.adapters.memory.notifications.notices import InMemoryNotices
from reading_club.adapters.memory.notifications.outgoing_mail import InMemoryOutgoingMail
from reading_club.adapters.memory.own_books import InMemoryOwnBooks
from reading_club.adapters.memory.read_models import READ_MODELS
from reading_club.adapters.memory.repositories import InMemoryBookRepository
from reading_club.adapters.memory.review_repository import InMemoryReviewRepository
from reading_club.adapters.memory.reviewer_repository import InMemoryReviewerRepository
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.eventstream.unit_of_work import per_transaction
from reading_club.service.uow import AbstractUnitOfWork


class InMemoryUnitOfWork(InMemoryStreamUnitOfWork, AbstractUnitOfWork):
    """Repositories, accounts and read models of the club, in one transaction with the stream."""

    database: InMemoryDatabase
    books = per_transaction(InMemoryBookRepository)
    reviewers = per_transaction(InMemoryReviewerRepository)
    reviews = per_transaction(InMemoryReviewRepository)
    accounts = per_transaction(InMemoryAccounts)
    sessions = per_transaction(InMemorySessions)
    invitations = per_transaction(InMemoryInvitations)
    welcome_link = per_transaction(InMemoryWelcomeLink)
    tokens = per_transaction(InMemoryTokens)
    join_requests = per_transaction(InMemoryJoinRequests)
    password_links = per_transaction(InMemoryPasswordLinks)
    club = per_transaction(InMemoryClub)
    imports = per_transaction(InMemoryBookImports)
    own_books = per_transaction(InMemoryOwnBooks)
    follows = per_transaction(InMemoryFollows)
    notices = per_transaction(InMemoryNotices)
    following_feeds = per_transaction(InMemoryFollowingFeeds)
    mail_addresses = per_transaction(InMemoryMailAddresses)
    outgoing_mail = per_transaction(InMemoryOutgoingMail)

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        database: InMemoryDatabase | None = None,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(
            transport, InMemoryDatabase() if database is None else database, metrics_store
        )


for model in READ_MODELS:
    setattr(InMemoryUnitOfWork, model.name, per_transaction(model, model.name))
