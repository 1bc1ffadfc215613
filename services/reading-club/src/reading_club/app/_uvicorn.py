"""Deadlines and a limit for HTTP connections, which uvicorn has no options for.

uvicorn waits without end for a request's head and body, and its ``limit_concurrency`` counts idle
connections as well. Internals of uvicorn 0.54.0 and h11 0.16.0 that this file uses, each with the
test that fails if the internal changes:

- ``H11Protocol``, taken by ``Config(http=)``: the base class.
  ``test_uvicorn_serves_with_it``
- ``conn.their_state`` and ``conn.trailing_data`` of h11, after ``data_received``: the part of a
  request that is awaited. ``test_a_head_has_a_deadline``, ``test_a_body_has_a_deadline``
- ``on_response_complete``, called by uvicorn's cycle: starts the deadline of the next head.
  ``test_the_next_request_has_a_deadline_of_its_own``
- ``cycle.response_started`` and ``.response_complete``: a request is answered once, and its
  connection stays open while it is handled. ``test_one_answer_is_enough``,
  ``test_a_request_that_is_handled_is_not_closed``
- ``timeout_keep_alive_handler``: closes, but waits without end for a client that does not read.
  ``test_what_is_closed_ends_although_nobody_reads``
- ``scope``, set with the head of a request: the path that a body is sent to.
  ``test_a_file_has_a_longer_deadline``
- ``pause_writing`` and ``resume_writing``: start and end the deadline for reading a response.
  ``test_an_answer_that_is_not_read_has_a_deadline``
- ``connections``, the set of all connections of a server, ``loop`` and ``transport``: the oldest
  idle one is closed for a new one. ``test_the_oldest_silent_connection_makes_room``
"""

import asyncio
import resource
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_DEADLINE = 10.0
"""Seconds for a request's head, from connecting or from the end of the previous response."""
BODY_DEADLINE = 30.0
"""Seconds from the head of a request until its body is complete."""
UPLOADS = frozenset({"/api/imports", "/imports"})
"""The paths that files are posted to."""
UPLOAD_DEADLINE = 300.0
"""The deadline of the body there: 64 MB at 2 Mbit a second."""
READ_DEADLINE = 30.0
"""Seconds for a client to read, from a full send buffer or from the close of the connection."""
MOST_CONNECTIONS = 768
_DEADLINES = {h11.IDLE: HEAD_DEADLINE, h11.SEND_BODY: BODY_DEADLINE}
_CLOSING = object()

_PROBLEM = (
    b'{"type":"about:blank","title":"Request Timeout","status":408,'
    b'"detail":"the request was not complete in time","errors":[]}'
)
REQUEST_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b"
) % (len(_PROBLEM), _PROBLEM)


def connection_limit() -> int:
    """Return the maximum of connections: at most three quarters of the file descriptors."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files < 0 else min(MOST_CONNECTIONS, files * 3 // 4)


class BoundedProtocol(H11Protocol):
    """An HTTP/1.1 connection with deadlines for request head, request body and reading.

    Above the limit of connections, a new one closes the one that has waited longest for its
    client. A connection stays open while its request is handled.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting_since = 0.0
        self._phase: object = None
        self._deadline: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a complete request is being handled."""
        unanswered = self.cycle is not None and not self.cycle.response_complete
        return unanswered and self.conn.their_state is not h11.SEND_BODY

    def connection_made(  # type: ignore[override]  # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        """Start the deadline of a head; above the limit, close the connection idle longest."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > connection_limit():
            self._close_oldest()

    def data_received(self, data: bytes) -> None:
        """Parse the data, and start the deadline of the next awaited part."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Start the deadline of the next head."""
        super().on_response_complete()
        self._watch()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; abort it at the deadline for reading."""
        super().timeout_keep_alive_handler()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadlines."""
        _cancel(self._deadline)
        _cancel(self._reading)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the deadline for reading: the send buffer is full."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_DEADLINE, self.transport.abort)

    def resume_writing(self) -> None:
        """Cancel the deadline for reading: the send buffer has space again."""
        super().resume_writing()
        _cancel(self._reading)

    def _watch(self) -> None:
        """Start the deadline of the awaited part of a request, if that part has changed."""
        phase = _CLOSING if self.transport.is_closing() else self.conn.their_state
        if phase is self._phase:
            return
        self._phase = phase
        _cancel(self._deadline)
        self.waiting_since = self.loop.time()
        if phase is _CLOSING:
            self._deadline = self.loop.call_later(READ_DEADLINE, self.transport.abort)
        elif (seconds := _DEADLINES.get(cast("type[h11.IDLE]", phase))) is not None:
            is_upload = phase is h11.SEND_BODY and self.scope["path"] in UPLOADS
            seconds = UPLOAD_DEADLINE if is_upload else seconds
            self._deadline = self.loop.call_later(seconds, self._on_deadline)

    def _on_deadline(self) -> None:
        if self._is_owed_an_answer():
            self.transport.write(REQUEST_TIMEOUT)
        self.transport.close()
        self._watch()

    def _is_owed_an_answer(self) -> bool:
        """Whether the client has sent part of a request, and no response to it has started."""
        if self._phase is h11.SEND_BODY:
            return not self.cycle.response_started
        return bool(self.conn.trailing_data[0])

    def _close_oldest(self) -> None:
        waiting = [c for c in self.connections if isinstance(c, BoundedProtocol) and not c.is_busy]
        oldest = min(waiting, key=lambda connection: connection.waiting_since)
        self.connections.discard(oldest)
        oldest.transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
