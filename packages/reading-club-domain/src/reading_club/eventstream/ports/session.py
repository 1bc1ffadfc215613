"""The port of the session: one transaction on an adapter's storage."""

from typing import Protocol


class StreamSession(Protocol):
    """One transaction on an adapter's storage."""

    async def commit(self) -> None:
        """Commit. Raises TransientFailure."""

    async def close(self) -> None:
        """Roll back what is not committed, and release resources. May be called again."""
