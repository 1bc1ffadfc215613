"""Port and types of projections: the live generation of their rows, and the one being built."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class StoredEvent:
    """An event of the history."""

    position: int
    envelope: Mapping[str, Any]
    """As it was published, or redacted since."""


@dataclass(frozen=True)
class Rebuilding:
    """A rebuild that is not finished."""

    name: str
    """The projection: a subscriber whose tables have generations."""
    started_at: datetime
    share: float
    """How much of the history was read, 0 to 1."""


class Projections(Protocol):
    """The generations of projections' rows, of which readers see the live one.

    A rebuild makes a new generation from the history, in steps. Meanwhile every other transaction
    writes both, the live generation and the one that is built. A number is used once: what is
    written to a generation that is neither of the two is never seen.
    """

    async def begin(self, name: str, types: Collection[str]) -> bool:
        """Begin a rebuild from the events of these types; False if one is unfinished, to go on.

        Commit it in a transaction of its own, before the first step. Raises RebuildRefused if the
        projection has no tables with generations, if it is not subscribed to one of the types, or
        if messages of one were deleted from the history.
        """
        ...

    async def remaining(self, name: str, types: Collection[str]) -> int | None:
        """Return how many events are still to be read; None without a rebuild."""
        ...

    async def step(self, name: str, types: Collection[str], *, limit: int) -> Sequence[StoredEvent]:
        """Return the next events of the history, empty at its end.

        From now on this transaction writes the generation that is built, and nothing else of the
        projection. Other steps wait for its end, and so does a redaction of the history: the events
        are as they are before it, or as they are after it. Raises RebuildEnded without a rebuild,
        and RebuildRefused if messages of these types were deleted from the history meanwhile.
        """
        ...

    async def reached(self, name: str, position: int) -> None:
        """Store, in the transaction of a step, up to which event it went."""

    async def switch(self, name: str) -> bool:
        """Make the generation that is built the live one; False if there is none any more.

        Call it in the transaction of a step that returned no event: other transactions may end the
        rebuild, and begin another one, until a step.
        """
        ...

    async def cancel(self, name: str) -> bool:
        """End the rebuild without a switch; False if there is none."""
        ...

    async def delete_old(self, name: str, *, limit: int) -> int:
        """Delete up to ``limit`` rows of each table in generations that are out of use."""
        ...

    async def record_deletion(self, types: Collection[str]) -> None:
        """Record that messages of these types were deleted from the history."""
