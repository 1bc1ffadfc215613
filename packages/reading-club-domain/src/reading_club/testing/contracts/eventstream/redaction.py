"""What every history promises about its redaction."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from lastuuid import uuid7
from messagebus.service.eventstream import MessageSerializer

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.dead_letters import commands
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.redaction import REMOVED, Redaction
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.contracts.eventstream.dead_letters import a_letter
from reading_club.testing.contracts.eventstream.helpers import (
    OutboxFixtures,
    SendReminder,
    waiting,
)
from reading_club.testing.contracts.eventstream.message_store import History

ADA, BOB = uuid7(), uuid7()
SECRET = "the number of my bank account"
NOW = datetime(2026, 2, 3, tzinfo=UTC)
WITHOUT_ADA = Redaction("send_reminder_v1", "recipient", frozenset({ADA}), {"text": "?"})


def a_reminder(recipient: UUID = ADA) -> SendReminder:
    """Return a message with the secret."""
    return SendReminder(recipient=recipient, text=SECRET)


def envelope(message: SendReminder) -> dict[str, Any]:
    """Return the message as it travels."""
    return dict(MessageSerializer().serialize_message(message))


def dead(message: SendReminder, **changes: Any) -> DeadLetter:
    """Return the dead letter of a message, whose error quotes it."""
    fields = {"message_id": message.message_id, "envelope": envelope(message)}
    fields |= {"type": "send_reminder_v1", "error": f"ValueError: {SECRET}"}
    return a_letter(**{**fields, **changes})


class RedactionContract(OutboxFixtures):
    """Redacted fields are replaced wherever messages are kept, now and later.

    Needs the fixtures of ``OutboxContract``, and ``history``.
    """

    @pytest.fixture(autouse=True)
    def _history(self, history: History) -> None:
        self.history = history

    async def do(self, deed: Callable[[StreamUnitOfWork], Awaitable[Any]]) -> Any:
        """Call ``deed`` in a transaction of its own."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            result = await deed(transaction.uow)
            await transaction.commit()
        return result

    async def store(self, *messages: SendReminder) -> None:
        """Store messages in one transaction."""

        async def add(uow: StreamUnitOfWork) -> None:
            for message in messages:
                await uow.messagestore.add(message)

        await self.do(add)

    async def redact(self) -> None:
        """Redact the messages to Ada."""
        await self.do(lambda uow: uow.history.redact([WITHOUT_ADA]))

    async def letters(self) -> dict[UUID, DeadLetter]:
        """Return the dead letters by the ids of their messages."""
        letters = await self.do(lambda uow: uow.dead_letters.page())
        return {letter.message_id: letter for letter in letters}

    async def test_fields_of_stored_messages_are_replaced(self) -> None:
        """The text to Ada is gone; order, ids, times and the other messages stay."""
        await self.store(a_reminder(), a_reminder(BOB), a_reminder())
        before = await self.history()

        await self.redact()

        after = await self.history()
        assert [each["payload"]["text"] for each in after] == ["?", SECRET, "?"]
        for old, new in zip(before, after, strict=True):
            kept = {**new, "payload": {**new["payload"], "text": SECRET}}
            assert kept == old

    async def test_a_long_history_is_redacted_whole(self) -> None:
        """More messages than one statement changes are redacted in one transaction."""
        await self.store(*[a_reminder() for _ in range(450)], a_reminder(BOB))

        await self.redact()

        texts = [each["payload"]["text"] for each in await self.history()]
        assert texts == ["?"] * 450 + [SECRET]

    async def test_a_rollback_leaves_all_as_it_was(self) -> None:
        """A redaction is a part of its transaction."""
        await self.store(a_reminder())
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.history.redact([WITHOUT_ADA])
            await transaction.rollback()

        (message,) = await self.history()
        assert message["payload"]["text"] == SECRET

    async def test_dead_letters_are_redacted(self) -> None:
        """Envelope and error of a dead letter lose the text, whether the message is stored or not.

        The error keeps its class. Another member's dead letter stays as it is.
        """
        stored, foreign, other = a_reminder(), a_reminder(), a_reminder(BOB)
        await self.store(stored)
        for message in (stored, foreign, other):
            await self.do(lambda uow, m=message: uow.dead_letters.add(dead(m)))  # type: ignore[misc]

        await self.redact()

        letters = await self.letters()
        for message in (stored, foreign):
            letter = letters[message.message_id]
            message.text = "?"
            assert letter.envelope == envelope(message)
            assert letter.error == "ValueError"
            assert letter.can_be_sent
        assert letters[other.message_id] == dead(other)

    async def test_envelopes_that_cannot_be_read_are_removed(self) -> None:
        """Text and broken envelopes that name the id keep their id and type, if they have them."""
        text, broken, other = uuid7(), uuid7(), uuid7()
        garbage = {
            text: f"{SECRET} for {str(ADA).upper()}",
            broken: {"id": str(broken), "type": "x", "payload": f"{{{ADA} {SECRET}"},
            other: f"{SECRET} for {BOB}",
        }
        for id_, each in garbage.items():
            letter = a_letter(message_id=id_, envelope=each, error=SECRET)
            await self.do(lambda uow, w=letter: uow.dead_letters.add(w))  # type: ignore[misc]

        await self.redact()

        letters = await self.letters()
        assert (letters[text].envelope, letters[text].error) == (REMOVED, REMOVED)
        removed = {"id": str(broken), "type": "x", "payload": REMOVED}
        assert letters[broken].envelope == removed
        assert letters[other].envelope == garbage[other]

    async def test_what_waits_in_the_outbox_is_redacted(self) -> None:
        """A row with an envelope is sent with the redacted one."""
        for message in (a_reminder(), a_reminder(BOB)):
            key = OutboxKey(message.message_id, "activity")
            await self.do(lambda uow, k=key, m=message: uow.outbox.add(k, envelope(m)))  # type: ignore[misc]

        await self.redact()

        payloads = [event.envelope["payload"] for event in await waiting(self.outbox)]
        assert [SECRET in payload for payload in payloads] == [False, True]

    async def test_the_audit_log_is_redacted(self) -> None:
        """The error of a dead letter that was discarded keeps its class."""
        message = a_reminder()
        await self.store(message)
        letter = dead(message)
        await self.do(lambda uow: uow.dead_letters.add(letter))
        await self.do(lambda uow: commands.discard([letter], uow, NOW))

        await self.redact()

        (entry,) = await self.do(lambda uow: uow.audit.page())
        assert entry.error == "ValueError"

    async def test_a_copy_that_was_delivered_before_does_not_bring_it_back(self) -> None:
        """A dead letter, a deferral and a retry get the stored message in place of the copy."""
        dead_one, deferred, retried = messages = [a_reminder() for _ in range(3)]
        await self.store(*messages)
        await self.redact()

        await self.do(lambda uow: uow.dead_letters.add(dead(dead_one)))
        key, copy = OutboxKey(deferred.message_id, "activity"), envelope(deferred)
        await self.do(lambda uow: uow.outbox.defer(key, copy, pause=0.0, reason="slow"))
        other = OutboxKey(retried.message_id, "activity")
        await self.do(lambda uow: uow.outbox.add(other, envelope(retried)))

        (letter,) = (await self.letters()).values()
        assert letter.error == "ValueError"
        sent = [event.envelope for event in await waiting(self.outbox)]
        for message in messages:
            message.text = "?"
        assert [letter.envelope, *sent] == [envelope(message) for message in messages]
