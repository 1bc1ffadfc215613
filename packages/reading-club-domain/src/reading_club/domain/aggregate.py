"""The base of the aggregates, which record events that the unit of work collects."""

from typing import Any, Self, cast
from uuid import UUID

from messagebus import Model
from pydantic import ConfigDict, Field

from reading_club.domain.errors import VersionMismatch


class Aggregate(Model):
    """Base of the aggregates: an identity, stored and loaded as a whole."""

    model_config = ConfigDict(validate_assignment=True)

    id: UUID

    @classmethod
    def reconstitute(cls, **fields: Any) -> Self:
        """Return the stored aggregate without validation, as later rules may refuse it.

        Fields that the aggregate does not have are ignored.
        """
        stored = cls.model_construct(messages=[], **fields)
        return cast("Self", stored)


class VersionedAggregate(Aggregate):
    """Base of the aggregates that are changed by a version: each change adds one to it."""

    version: int = Field(default=1, ge=1)

    def require_version(self, expected: int | None) -> None:
        """Raise VersionMismatch if it has another version; None expects any."""
        if expected is not None and self.version != expected:
            raise VersionMismatch(expected)
