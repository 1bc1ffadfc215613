"""The base of the ports of the repositories, one an aggregate.

An aggregate that is added or loaded is appended to ``seen``, so that its recorded events
reach the bus. Every method may raise TransientFailure while the storage is unavailable, and
UnitOfWorkClosed after the end of the transaction.
"""

from abc import abstractmethod
from typing import Generic, TypeVar
from uuid import UUID

from messagebus import AsyncAbstractRepository

from reading_club.domain.errors import IdentifierTaken
from reading_club.domain.model import Aggregate

TAggregate = TypeVar("TAggregate", bound=Aggregate)


class Repository(AsyncAbstractRepository[TAggregate], Generic[TAggregate]):
    """The methods that all repositories share."""

    @abstractmethod
    async def add(self, aggregate: TAggregate) -> None:
        """Store a new aggregate. After a refusal neither the aggregate nor its events are kept.

        Raises IdentifierTaken, and the refusals that the concrete port names.
        """

    @abstractmethod
    async def find(self, identifier: UUID) -> TAggregate | None:
        """Return the aggregate with this id, or None."""

    @abstractmethod
    async def get(self, identifier: UUID) -> TAggregate:
        """Return the aggregate with this id. Raises NotFound."""

    async def add_idempotent(self, aggregate: TAggregate) -> TAggregate:
        """Add the aggregate, or return the equal one that is stored under its id already.

        Raises IdentifierTaken if the stored one is not equal.
        """
        try:
            await self.add(aggregate)
        except IdentifierTaken:
            stored = await self.find(aggregate.id)
            if stored is None or not self._is_same(stored, aggregate):
                raise
            return stored
        return aggregate

    def _is_same(self, stored: TAggregate, aggregate: TAggregate) -> bool:
        """Return True if an aggregate was added before, and is stored now as ``stored``."""
        return stored == aggregate

    async def get_for_update(self, identifier: UUID) -> TAggregate:
        """Return the aggregate with this id, for a transaction that changes it.

        Where the storage has locks, other transactions wait before they change it. Raises
        NotFound.
        """
        return await self.get(identifier)
