"""``/api/activity/stream``: the activity as server-sent events, each as soon as it arrives."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from reading_club.app.activity_streams import ActivityStreams, TooManyStreams
from reading_club.app.application import application_of
from reading_club.app.open_stream import OpenStream
from reading_club.app.uncancelled import uncancelled
from reading_club.app.web.activity import without_comment
from reading_club.app.web.identity import require_reader, sender_of
from reading_club.app.web.problems import responses
from reading_club.domain.errors import NotSignedIn
from reading_club.eventstream.errors import TransientFailure

router = APIRouter(prefix="/api/activity", tags=["activity"], responses=responses(401, 422, 503))

RETRY: Final = 2_000
"""Milliseconds after which a client connects again."""
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, lt=2**63)]
After = Annotated[
    int | None, Query(ge=0, lt=2**63, description="the id of an event: go on after it")
]


def streams_of(request: Request) -> ActivityStreams:
    """Return the open streams of this process."""
    streams: ActivityStreams = request.app.state.activity_streams
    return streams


async def opened(
    request: Request, after: After = None, last_event_id: LastEventId = None
) -> AsyncIterator[OpenStream]:
    """Yield a stream for the request, and close it. Responds with 503 if there are too many."""
    streams = streams_of(request)
    try:
        stream = await streams.open(after if last_event_id is None else last_event_id)
    except TooManyStreams:
        raise HTTPException(503, "too many open streams", {"Retry-After": "30"}) from None
    try:
        yield stream
    finally:
        streams.close(stream)


@router.get("/stream", response_class=EventSourceResponse, dependencies=[Depends(require_reader)])
async def stream_activity(
    request: Request, stream: Annotated[OpenStream, Depends(opened)]
) -> AsyncIterator[ServerSentEvent]:
    """Send each entry of the activity when it arrives, as `GET /api/activity` has it.

    The id of an event is its position: `Last-Event-ID`, which browsers send when they connect
    again, or `after` go on from there, and nothing is missed or sent twice. Without them the
    stream begins now. It ends when the session or the token ends, and for a client that does not
    read; a comment comes every 15 seconds.
    """
    yield ServerSentEvent(comment="activity", id=str(stream.position), retry=RETRY)
    recheck = streams_of(request).recheck
    due = time.monotonic() + recheck
    while not request.scope.get("is_head"):
        arrivals = await stream.next(due - time.monotonic())
        if arrivals is None:
            return
        if time.monotonic() >= due:
            if not await may_still_read(request, stream):
                return
            due = time.monotonic() + recheck
        for position, entry in arrivals:
            yield ServerSentEvent(data=without_comment(entry), id=str(position))


async def may_still_read(request: Request, stream: OpenStream) -> bool:
    """Whether a member's session or token is still valid, or visitors may still look.

    An open stream is no use of a session: it does not prolong it. Waits for a database that is
    away; False if the stream ends meanwhile.
    """
    while not stream.ended:
        try:
            return await uncancelled(_may_read(request))
        except TransientFailure:
            await streams_of(request).pause()
    return False


async def _may_read(request: Request) -> bool:
    caller: Any = request.state.caller
    if caller.account is None:
        return (await (await application_of(request)).read_club()).open_to_read
    try:
        return (await sender_of(request, store_use=False)).account is not None
    except NotSignedIn:
        return False
