"""The batcher gives the headers of each message to its handling."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from reading_club.adapters.eventstream.worker.batching import ARRIVED, Batcher
from reading_club.eventstream.context import NO_CONTEXT, MessageContext, context_of

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_headers_of_a_message_are_its_context() -> None:
    """The batcher passes each event with valid headers on; what is no event stays as it is."""
    context = MessageContext(uuid4(), None, TRACEPARENT)
    received: list[Any] = []

    class Worker:
        """Runs jobs at once."""

        connection_errors = ()

        def run_in_pool(self, work: Callable[..., object], *args: object) -> None:
            """Run the job."""
            work(*args)

        def call_soon_ack(self, *_: object) -> None:
            """Acknowledge nothing."""

    def receive(messages: list[Any], *, arrived: float) -> bool:
        assert arrived == 1.0
        received.extend(messages)
        return True

    for body, headers in (({"id": "1"}, context.fields), ("text", {"correlation_id": 7})):
        message: Any = type("Message", (), {})()
        message.payload, message.headers = [[], {"message": body}, {}], {**headers, ARRIVED: 1.0}
        Batcher(Worker(), receive, lambda _: None).add(message)

    assert received == [{"id": "1"}, "text"]
    assert [context_of(each) for each in received] == [context, NO_CONTEXT]
