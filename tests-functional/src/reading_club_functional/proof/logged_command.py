"""The command ``reading-club`` with a log of what it does: ``python -m …logged_command web``.

The environment variable PROTOCOL_LOG names a folder, in which each process appends lines of JSON to
a file of its own: one when a call of a port begins, and one when it has returned. A process that is
killed leaves the first without the second. Only functional tests run this module; production code
has no part of it.
"""

import functools
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.uow_sqla.eventstream.inbox import SQLInbox
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.app.cli import main
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxKey, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

MODULE: Final = "reading_club_functional.proof.logged_command"
FOLDER: Final = "PROTOCOL_LOG"
Told = Mapping[OutboxKey, str]
"""The outcome for each row or inbox row of a call; an empty text where there is none."""


class ProtocolLog:
    """Appends lines to the file of this process; a line is one write, which outlives a kill."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._files: dict[int, int] = {}
        self.tokens: dict[OutboxKey, UUID] = {}
        """The token of the last claim of each row by this process; none for the sender's rows."""

    def begin(self, action: str, keys: Iterable[OutboxKey], token: UUID | None = None) -> int:
        """Append that a call begins; return its number."""
        number = next(self._numbers)
        named = [[str(key.message_id), key.subscriber, ""] for key in keys]
        line = {"call": number, "begin": time.monotonic_ns(), "action": action}
        self._append({**line, "token": str(token or ""), "keys": named})
        return number

    def end(self, number: int, told: Told | None = None) -> None:
        """Append that a call has returned, with the outcome of each row if there is one."""
        line: dict[str, Any] = {"call": number, "end": time.monotonic_ns()}
        if told is not None:
            line["keys"] = [[str(k.message_id), k.subscriber, each] for k, each in told.items()]
        self._append(line)

    def _append(self, line: Mapping[str, Any]) -> None:
        process = os.getpid()
        if process not in self._files:
            path = self._folder / f"{process}.jsonl"
            self._files[process] = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        os.write(self._files[process], json.dumps(line).encode() + b"\n")


def log_publisher(log: ProtocolLog) -> None:
    """Log each publication with the outcome of each event."""
    publish = BatchPublisher.publish

    def logged(self: BatchPublisher, events: Sequence[OutboxMessage]) -> PublishResult:
        keys = [event.key for event in events]
        number = log.begin("publish", keys, log.tokens.get(keys[0]))
        result = publish(self, events)
        log.end(number, {key: _outcome(key, result) for key in keys})
        return result

    BatchPublisher.publish = logged  # type: ignore[method-assign]  # its calls are logged


def _outcome(key: OutboxKey, result: PublishResult) -> str:
    if key in result.confirmed:
        return "confirmed"
    if key in result.refused:
        return "returned"
    return "refused" if key in result.failed else "undecided"


def log_outbox(log: ProtocolLog) -> None:
    """Log each claim with the claimed rows, and each finishing write with its rows."""
    claim = SQLOutbox.claim

    async def logged(
        self: SQLOutbox, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        number = log.begin("claim", [], lease.token)
        events = await claim(self, limit, lease, since=since)
        if events:
            log.tokens.update({event.key: lease.token for event in events})
            log.end(number, {event.key: "" for event in events})
        return events

    SQLOutbox.claim = logged  # type: ignore[method-assign]  # its calls are logged
    finishing = {"delete": "delete", "release": "release", "split": "split"}
    for name, action in {**finishing, "fail": "fail", "dead_letter": "fail"}.items():
        setattr(SQLOutbox, name, _logged_write(log, action, getattr(SQLOutbox, name)))


def _logged_write(log: ProtocolLog, action: str, write: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(write)
    async def logged(
        self: SQLOutbox, token: UUID, keys: Collection[OutboxKey], **options: Any
    ) -> None:
        number = log.begin(action, keys, token)
        await write(self, token, keys, **options)
        log.end(number)

    return logged


def log_commits(log: ProtocolLog) -> None:
    """Log each commit of published events, and each of effects with the skipped messages."""
    insert, commit = SQLInbox.insert_new_many, StreamUnitOfWork.commit

    async def inserted(self: SQLInbox, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        new = await insert(self, inbox_keys)
        seen: dict[InboxKey, str] = vars(self).setdefault("seen", {})
        seen.update({key: "effect" if key in new else "skip" for key in inbox_keys})
        return new

    async def committed(self: StreamUnitOfWork) -> None:
        stored = self.messagestore.stream_buffer
        events = {OutboxKey(m.message_id): "" for m in stored if m.metadata.published}
        seen: Mapping[InboxKey, str] = getattr(vars(self).get("inbox"), "seen", {})
        told = {OutboxKey(key.message_id, key.subscriber): each for key, each in seen.items()}
        calls = []
        for action, keys in (("commit", events), ("receive", told)):
            if keys:
                calls.append((log.begin(action, keys), keys))
        await commit(self)
        for number, keys in calls:
            log.end(number, keys)

    SQLInbox.insert_new_many = inserted  # type: ignore[method-assign]  # its calls are logged
    StreamUnitOfWork.commit = committed  # type: ignore[method-assign]  # its calls are logged


if __name__ == "__main__":
    protocol_log = ProtocolLog(Path(os.environ[FOLDER]))
    log_publisher(protocol_log)
    log_outbox(protocol_log)
    log_commits(protocol_log)
    main()
