"""The in-memory database of the club: its tables beside the event stream's."""

from collections.abc import Callable, MutableMapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from reading_club.adapters.memory.accounts.tables import AccountTables
from reading_club.adapters.memory.database import InMemoryStreamDatabase, utc_now
from reading_club.adapters.memory.notifications.tables import NotificationTables
from reading_club.adapters.memory.read_models import READ_MODELS
from reading_club.domain.model import Book, Review, Reviewer
from reading_club.service.activity import ActivityEntry


class InMemoryDatabase(InMemoryStreamDatabase, AccountTables, NotificationTables):
    """The committed tables of the club, of its accounts, notices, read models and event stream."""

    activity: MutableMapping[UUID, ActivityEntry]
    activity_arrivals: MutableMapping[UUID, int]

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__(clock)
        AccountTables.__init__(self)
        NotificationTables.__init__(self)
        self.books: MutableMapping[UUID, Book] = {}
        self.reviewers: MutableMapping[UUID, Reviewer] = {}
        self.reviews: MutableMapping[UUID, Review] = {}
        self.registered: MutableMapping[UUID, datetime] = {}
        self.reviewed: MutableMapping[UUID, tuple[datetime, datetime]] = {}
        for model in READ_MODELS:
            for table in model.tables:
                setattr(self, table, {})
        self.generational = MappingProxyType(
            {
                model.name: tuple(table for table in model.tables if table not in model.lasting)
                for model in READ_MODELS
            }
        )
