"""The metrics of commands and transactions in this process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from messagebus import GenericCommand, Metadata, TransactionStatus
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.app.metrics.names import Maker, Named
from reading_club.domain.errors import Refusal
from reading_club.eventstream.errors import TransientFailure

HANDLED: Final = "handled"
REFUSED: Final = "refused"
UNAVAILABLE: Final = "unavailable"
FAILED: Final = "failed"

COMMANDS: Final = Named(
    "commands",
    "Commands by type and outcome: handled, refused, unavailable or failed.",
    ("type", "outcome"),
)
SECONDS: Final = Named(
    "command_seconds", "Seconds to handle a command, without its commit.", ("type",)
)
MESSAGES: Final = Named(
    "bus_messages", "Commands, and events that came of them, on the bus.", ("type",)
)
OPEN: Final = Named("transactions_open", "Transactions of commands that are open.")
CLOSED: Final = Named(
    "transactions", "Ended transactions of commands: committed or rolledback.", ("status",)
)
UNAVAILABLE_TRANSACTIONS: Final = Named(
    "transactions_unavailable",
    "Transactions of commands that the database did not take, by error.",
    ("error",),
)


class CommandMetrics(AbstractMetricsStore):
    """Counts commands by type and outcome, their times, and transactions that may write.

    A command is ``refused`` by the domain, ``unavailable`` after a transient failure, ``failed``
    by a bug, or ``handled``: it takes effect if its transaction is committed. ``timer`` returns
    monotonic seconds.
    """

    def __init__(self, make: Maker, timer: Callable[[], float] = time.perf_counter) -> None:
        self._timer = timer
        self._types: dict[tuple[str, int], str] = {}
        self._command = cache(make.counter(COMMANDS).labels)
        self._seconds = cache(make.seconds(SECONDS).labels)
        self._message = cache(make.counter(MESSAGES).labels)
        self._open = make.gauge(OPEN)
        self._closed = cache(make.counter(CLOSED).labels)
        self._unavailable = make.counter(UNAVAILABLE_TRANSACTIONS)

    def inc_beginned_transaction_count(self) -> None:
        """Count a transaction that was begun."""
        self._open.inc()

    def inc_transaction_failed(self) -> None:
        """Do nothing: a failed transaction is rolled back, and counted at its end."""

    def inc_transaction_closed_count(self, status: TransactionStatus) -> None:
        """Count a transaction that has ended."""
        self._open.dec()
        self._closed(status.name).inc()

    def count_unavailable(self, failure: TransientFailure) -> None:
        """Count a transaction that the database did not take, at any step."""
        self._unavailable.labels(type(failure).__name__).inc()

    def inc_messages_processed_total(self, msg_metadata: Metadata) -> None:
        """Count a command, or an event that the bus has passed to a handler."""
        self._message(self._type_of(msg_metadata)).inc()

    @contextmanager
    def command_processing_timer(self, command: GenericCommand[Any]) -> Iterator[None]:
        """Measure the block, and count the command by its outcome."""
        type_, begun, outcome = self._type_of(command.metadata), self._timer(), FAILED
        try:
            yield
            outcome = HANDLED
        except Refusal:
            outcome = REFUSED
            raise
        except TransientFailure:
            outcome = UNAVAILABLE
            raise
        finally:
            self._command(type_, outcome).inc()
            self._seconds(type_).observe(self._timer() - begun)

    def _type_of(self, metadata: Metadata) -> str:
        key = (metadata.name, metadata.schema_version)
        name = self._types.get(key)
        if name is None:
            name = self._types[key] = f"{metadata.name}_v{metadata.schema_version}"
        return name
