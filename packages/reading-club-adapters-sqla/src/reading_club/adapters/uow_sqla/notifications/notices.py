"""The notices, on SQL."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, delete, exists, or_, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import Insert, insert_new_into
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.service.notifications.mail_addresses import MOST_REFUSALS
from reading_club.service.notifications.notices import BEFORE, KEPT, News, Notice, Notices

_COLUMNS = orm.notices.c
_EVENT = ("event_id", "occurred_at", "book_id", "review_id")


class SQLNotices(Notices):
    """The notices, in the table ``notices``."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._added: dict[UUID, News] = {}

    async def add(self, news: News) -> None:
        """Collect the event, of which rows are inserted before the commit."""
        self._added.setdefault(news.event_id, news)

    async def flush(self) -> None:
        """Insert the rows of the collected events, in the order of their keys, by one statement."""
        added, self._added = self._added, {}
        if added:
            rows = [_parameters(added[id_]) for id_ in sorted(added)]
            await self.session.write(_insert(self.session.dialect), rows)

    async def page(self, account_id: UUID, *, limit: int = 50) -> Sequence[Notice]:
        """Return the notices of the account's rows, with their books and reviews."""
        await self.flush()
        statement = select_notices().where(_COLUMNS.account_id == account_id).limit(limit)
        return [Notice(**row._asdict()) for row in await self.session.read(statement)]

    async def prune(self) -> int:
        """Delete old rows, by the database's clock."""
        mail = orm.mail_addresses.c
        waits = exists().where(
            mail.account_id == _COLUMNS.account_id,
            mail.confirmed_at <= _COLUMNS.created_at,
            mail.refusals < MOST_REFUSALS,
            or_(_COLUMNS.digest_id.is_(None), _COLUMNS.digest_id == mail.digest_id),
        )
        is_old = _COLUMNS.created_at <= DatabaseTime(-KEPT)
        old = delete(orm.notices).where(is_old, ~waits)
        return (await self.session.write(old)).rowcount


def select_notices() -> Select[*tuple[Any, ...]]:
    """Select the columns of a ``Notice``, that of the highest event id first."""
    reviews, reviewers, books = orm.reviews.c, orm.reviewers.c, orm.books.c
    return (
        select(
            _COLUMNS.event_id,
            _COLUMNS.occurred_at,
            _COLUMNS.book_id,
            books.title,
            books.author,
            reviewers.nickname,
            reviews.rating,
        )
        .join(orm.books, and_(books.id == _COLUMNS.book_id, ~books.withdrawn))
        .outerjoin(orm.reviews, and_(reviews.id == _COLUMNS.review_id, ~reviews.withdrawn))
        .outerjoin(orm.reviewers, reviewers.id == reviews.reviewer_id)
        .where(or_(_COLUMNS.review_id.is_(None), reviews.id.is_not(None)))
        .order_by(_COLUMNS.event_id.desc())
    )


@lru_cache(maxsize=2)
def _insert(dialect: str) -> Insert:
    """Return the INSERT of an event's rows, one for each account that follows it.

    On PostgreSQL the accounts are locked, in the order of their ids, against their removal.
    """
    accounts, club, book = orm.accounts.c, orm.club_followers.c, orm.book_followers.c
    event = [bindparam(name, type_=_COLUMNS[name].type) for name in _EVENT]
    _, occurred_at, book_id, review_id = event
    latest = bindparam("latest", type_=club.since.type)
    reviewer_id = bindparam("reviewer_id", type_=accounts.reviewer_id.type)
    rows = (
        select(accounts.id, *event)
        .where(
            or_(
                exists().where(club.account_id == accounts.id, club.since <= latest),
                and_(
                    review_id.is_not(None),
                    exists().where(
                        book.account_id == accounts.id,
                        book.book_id == book_id,
                        book.since <= latest,
                    ),
                ),
            ),
            accounts.reviewer_id.is_distinct_from(reviewer_id),
            occurred_at > DatabaseTime(-KEPT),
        )
        .order_by(accounts.id)
        .with_for_update(read=True, key_share=True)
    )
    return insert_new_into(dialect, orm.notices).from_select(["account_id", *_EVENT], rows)


def _parameters(news: News) -> Mapping[str, Any]:
    return {
        **{name: getattr(news, name) for name in _EVENT},
        "latest": news.occurred_at + timedelta(seconds=BEFORE),
        "reviewer_id": news.reviewer_id,
    }
