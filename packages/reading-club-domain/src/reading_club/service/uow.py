"""The club's unit of work: its repositories and read models, in one transaction with the stream's.

Handlers annotate their argument as ``AbstractUnitOfWork``, as messagebus requires; the bus
passes the transaction, which delegates every attribute to its unit of work.
"""

from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.service.accounts.accounts import Accounts
from reading_club.service.accounts.club import Club
from reading_club.service.accounts.invitations import Invitations, WelcomeLink
from reading_club.service.accounts.join_requests import JoinRequests
from reading_club.service.accounts.password_links import PasswordLinks
from reading_club.service.accounts.sessions import Sessions
from reading_club.service.accounts.tokens import Tokens
from reading_club.service.activity import ActivityLog
from reading_club.service.catalogue import Catalogue
from reading_club.service.imports.book_imports import BookImports
from reading_club.service.imports.own_books import OwnBooks
from reading_club.service.notifications.following_feeds import FollowingFeeds
from reading_club.service.notifications.follows import Follows
from reading_club.service.notifications.mail_addresses import MailAddresses
from reading_club.service.notifications.notices import Notices
from reading_club.service.notifications.outgoing_mail import OutgoingMail
from reading_club.service.repositories import (
    AbstractBookRepository,
    AbstractReviewerRepository,
    AbstractReviewRepository,
)


class AbstractUnitOfWork(StreamUnitOfWork):
    """The unit of work of the club's handlers and projections.

    Its adapters find their read models in a folder, and make each the attribute of its ``name``.
    """

    books: AbstractBookRepository
    reviewers: AbstractReviewerRepository
    reviews: AbstractReviewRepository
    accounts: Accounts
    sessions: Sessions
    invitations: Invitations
    welcome_link: WelcomeLink
    tokens: Tokens
    join_requests: JoinRequests
    password_links: PasswordLinks
    club: Club
    imports: BookImports
    own_books: OwnBooks
    follows: Follows
    notices: Notices
    following_feeds: FollowingFeeds
    mail_addresses: MailAddresses
    outgoing_mail: OutgoingMail
    activity: ActivityLog
    catalogue: Catalogue
