"""The club's unit of work on SQL."""

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.accounts import SQLAccounts
from reading_club.adapters.uow_sqla.accounts.club import SQLClub
from reading_club.adapters.uow_sqla.accounts.invitations import SQLInvitations, SQLWelcomeLink
from reading_club.adapters.uow_sqla.accounts.join_requests import SQLJoinRequests
from reading_club.adapters.uow_sqla.accounts.password_links import SQLPasswordLinks
from reading_club.adapters.uow_sqla.accounts.sessions import SQLSessions
from reading_club.adapters.uow_sqla.accounts.tokens import SQLTokens
from reading_club.adapters.uow_sqla.eventstream.unit_of_work import SQLStreamUnitOfWork
from reading_club.adapters.uow_sqla.imports.book_imports import SQLBookImports
from reading_club.adapters.uow_sqla.imports.own_books import SQLOwnBooks
from reading_club.adapters.uow_sqla.notifications.following_feeds import SQLFollowingFeeds
from reading_club.adapters.uow_sqla.notifications.follows import SQLFollows
from reading_club.adapters.uow_sqla.notifications.mail_addresses import SQLMailAddresses
from reading_club.adapters.uow_sqla.notifications.notices import SQLNotices
from reading_club.adapters.uow_sqla.notifications.outgoing_mail import SQLOutgoingMail
from reading_club.adapters.uow_sqla.read_models import READ_MODELS
from reading_club.adapters.uow_sqla.repositories import SQLBookRepository
from reading_club.adapters.uow_sqla.review_repository import SQLReviewRepository
from reading_club.adapters.uow_sqla.reviewer_repository import SQLReviewerRepository
from reading_club.eventstream.unit_of_work import per_transaction
from reading_club.service.uow import AbstractUnitOfWork


class SQLUnitOfWork(SQLStreamUnitOfWork, AbstractUnitOfWork):
    """The club's repositories, accounts and read models, in one transaction with the event stream.

    The messages of a transaction are one INSERT, and with an ``OutboxTransport`` the outbox rows
    share it on PostgreSQL and are a second one on SQLite. What projections write is collected as
    well, so that the events of a batch are one INSERT.
    """

    tables = orm.stream
    books = per_transaction(SQLBookRepository)
    reviewers = per_transaction(SQLReviewerRepository)
    reviews = per_transaction(SQLReviewRepository)
    accounts = per_transaction(SQLAccounts)
    sessions = per_transaction(SQLSessions)
    invitations = per_transaction(SQLInvitations)
    welcome_link = per_transaction(SQLWelcomeLink)
    tokens = per_transaction(SQLTokens)
    join_requests = per_transaction(SQLJoinRequests)
    password_links = per_transaction(SQLPasswordLinks)
    club = per_transaction(SQLClub)
    imports = per_transaction(SQLBookImports)
    own_books = per_transaction(SQLOwnBooks)
    follows = per_transaction(SQLFollows)
    notices = per_transaction(SQLNotices)
    following_feeds = per_transaction(SQLFollowingFeeds)
    mail_addresses = per_transaction(SQLMailAddresses)
    outgoing_mail = per_transaction(SQLOutgoingMail)


for model in READ_MODELS:
    setattr(SQLUnitOfWork, model.name, per_transaction(model, model.name))
