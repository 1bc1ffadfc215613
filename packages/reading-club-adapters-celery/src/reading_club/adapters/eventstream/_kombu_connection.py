"""A connection of kombu's that calls back while it cannot connect.

What this file uses of kombu 5.7.0, with the test that fails if it changes:

- ``Connection.ensure_connection(callback=…)``: called each second of a pause between two attempts,
  and the callback's errors end it. ``test_a_broker_that_takes_no_connection_is_no_hang``
"""

from collections.abc import Callable
from typing import Any


class ReportingConnection:
    """A connection that calls back each second while it cannot connect."""

    def __init__(self, connection: Any, callback: Callable[[], None]) -> None:
        self._connection = connection
        self._callback = callback

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """Connect, as kombu's connection does, and return that."""
        return self._connection.ensure_connection(*args, **{**options, "callback": self._callback})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
