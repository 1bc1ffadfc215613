"""The context of messages: its fields, and what is refused of fields that come from anywhere."""

import asyncio
import threading
from typing import Any
from uuid import UUID

import pytest
from lastuuid import uuid7
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from reading_club.eventstream.context import (
    NO_CONTEXT,
    TRACEPARENT_LENGTH,
    MessageContext,
    current,
    using,
)
from reading_club.eventstream.transaction_contexts import TransactionContexts
from reading_club.testing.builders import an_event

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CONTEXT = MessageContext(uuid7(), uuid7(), TRACEPARENT)


def test_fields_are_read_as_they_were_written() -> None:
    """A context is the same after its way through metadata or headers; nothing is no field."""
    assert len(TRACEPARENT) == TRACEPARENT_LENGTH
    assert MessageContext.from_fields({**CONTEXT.fields, "other": 1}) == CONTEXT
    assert NO_CONTEXT.fields == {}
    assert MessageContext.from_fields({}) == NO_CONTEXT


@pytest.mark.parametrize(
    "value",
    [
        *(None, 7, b"", "", "x" * 10_000_000, "0" * 36, "é" * 36, ["00"], {"id": 1}),
        "{" + "0" * 34 + "}",
        f"urn:uuid:{UUID(int=7)}",
        f"{{{UUID(int=7)}}}",
        UUID(int=7).hex,
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        TRACEPARENT.upper(),
        TRACEPARENT + "\n",
        TRACEPARENT.replace("00-", "ff-", 1),
        TRACEPARENT + "-extra",
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_wrong_part_is_ignored(value: Any) -> None:
    """Neither a wrong type nor a wrong text, however long, raises an error or is passed on."""
    fields = dict.fromkeys(CONTEXT.fields, value)

    assert MessageContext.from_fields(fields) == NO_CONTEXT
    assert MessageContext.from_fields({**CONTEXT.fields, "traceparent": value}).traceparent is None


def test_a_context_has_the_length_of_its_headers() -> None:
    """A part of another type or length raises an error: prerendered headers have no room for it."""
    with pytest.raises(ValueError, match="traceparent"):
        MessageContext(traceparent=TRACEPARENT[:-1])
    with pytest.raises(TypeError, match="UUIDs"):
        MessageContext(causation_id="1")  # type: ignore[arg-type]  # as an untyped caller may


def test_fields_cannot_be_changed() -> None:
    """They are made once for a context, and read by all that log, store and send its message."""
    with pytest.raises(TypeError):
        CONTEXT.fields["traceparent"] = ""  # type: ignore[index]  # as an untyped caller may
    assert CONTEXT.fields is CONTEXT.fields


def test_a_context_is_the_current_one_of_its_block_alone() -> None:
    """Blocks nest; after an error the outer context is current again."""
    inner = MessageContext(uuid7())
    with using(CONTEXT):
        with pytest.raises(KeyError), using(inner):
            assert current() is inner
            raise KeyError
        assert current() is CONTEXT
    assert current() is NO_CONTEXT


async def test_tasks_and_threads_have_contexts_of_their_own() -> None:
    """Two tasks do not see each other's context, and a new thread has none."""
    contexts = [MessageContext(uuid7()) for _ in range(2)]
    seen: list[MessageContext] = []

    async def work(context: MessageContext) -> bool:
        with using(context):
            await asyncio.sleep(0)
            return current() is context

    assert all(await asyncio.gather(*map(work, contexts)))
    with using(CONTEXT):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        await asyncio.to_thread(thread.join)
    assert seen == [NO_CONTEXT]


def test_the_current_span_comes_before_the_inherited_trace() -> None:
    """A message has the span that records it; without a valid span, that of its cause."""
    event = an_event()
    span = NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))

    def recorded() -> str | None:
        contexts = TransactionContexts()
        contexts.add(event)
        return contexts[event.message_id].traceparent

    with using(CONTEXT), trace.use_span(span):
        assert recorded() == f"00-{1:032x}-{2:016x}-01"
    with using(CONTEXT):
        assert recorded() == TRACEPARENT
    assert recorded() is None
