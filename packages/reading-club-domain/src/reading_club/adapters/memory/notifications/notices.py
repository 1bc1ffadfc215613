"""The notices, in memory."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.notifications.tables import NoticeRow
from reading_club.service.notifications.mail_addresses import MOST_REFUSALS
from reading_club.service.notifications.notices import BEFORE, KEPT, News, Notice, Notices


class InMemoryNotices(Notices):
    """The notices, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def add(self, news: News) -> None:
        """Store a row for each follower who has none."""
        now = self.transaction.now
        if news.occurred_at <= now - timedelta(seconds=KEPT):
            return
        row = NoticeRow(news.occurred_at, news.book_id, news.review_id, now)

        def insert(tables: InMemoryDatabase) -> None:
            for account_id in _followers(tables, news):
                tables.notices.setdefault((account_id, news.event_id), row)

        self.transaction.write(insert)

    async def page(self, account_id: UUID, *, limit: int = 50) -> Sequence[Notice]:
        """Return the notices of the account's rows."""
        tables = self.transaction.tables
        events = sorted((e for account, e in tables.notices if account == account_id), reverse=True)
        found = (notice_of(tables, account_id, event_id) for event_id in events)
        return list(islice((notice for notice in found if notice), limit))

    async def prune(self) -> int:
        """Delete old rows."""
        oldest = self.transaction.now - timedelta(seconds=KEPT)

        def old(tables: InMemoryDatabase) -> list[tuple[UUID, UUID]]:
            return [
                key
                for key, row in tables.notices.items()
                if row.created_at <= oldest and not _waits_for_mail(tables, key[0], row)
            ]

        def delete(tables: InMemoryDatabase) -> None:
            for key in old(tables):
                del tables.notices[key]

        number = len(old(self.transaction.tables))
        self.transaction.write(delete)
        return number


def _followers(tables: InMemoryDatabase, news: News) -> Iterator[UUID]:
    """Yield the accounts that followed the club, or a review's book, when the event happened."""
    latest = news.occurred_at + timedelta(seconds=BEFORE)
    for account_id, account in tables.accounts.items():
        key = (account_id, news.book_id)
        times = (
            tables.club_followers.get(account_id),
            tables.book_followers.get(key) if news.review_id else None,
        )
        if account.reviewer_id != news.reviewer_id and _any_until(times, latest):
            yield account_id


def _any_until(times: Sequence[datetime | None], latest: datetime) -> bool:
    return any(since is not None and since <= latest for since in times)


def _waits_for_mail(tables: InMemoryDatabase, account_id: UUID, row: NoticeRow) -> bool:
    mail = tables.mail_addresses.get(account_id)
    if mail is None or mail.confirmed_at is None or mail.refusals >= MOST_REFUSALS:
        return False
    if mail.confirmed_at > row.created_at:
        return False
    return row.digest_id in {None, mail.digest_id}


def notice_of(tables: InMemoryDatabase, account_id: UUID, event_id: UUID) -> Notice | None:
    """Return a notice with its book and its review; None if one of them is withdrawn."""
    row = tables.notices[account_id, event_id]
    book = tables.books.get(row.book_id)
    review = tables.reviews.get(row.review_id) if row.review_id else None
    if book is None or book.withdrawn or (row.review_id and (review is None or review.withdrawn)):
        return None
    return Notice(
        event_id,
        row.occurred_at,
        book.id,
        book.title,
        book.author,
        tables.reviewers[review.reviewer_id].nickname if review else None,
        review.rating if review else None,
    )
