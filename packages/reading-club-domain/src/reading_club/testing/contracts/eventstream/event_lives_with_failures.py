"""What every adapter tells of the life of an event that failed, waited or got lost."""

from datetime import UTC, datetime, timedelta

from reading_club.eventstream.dead_letters import commands
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.testing.contracts.eventstream.dead_letters import a_letter
from reading_club.testing.contracts.eventstream.event_lives import EventLifeFixtures


class EventLivesWithFailuresContract(EventLifeFixtures):
    """Attempts, pauses, dead letters and decisions on them, re-sends and returns.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_a_poisoned_event_tells_of_its_attempts(self) -> None:
        """Failures, the dead letter, its retry, and the row that waits again are all there."""
        event = await self.sent()
        key = InboxKey("activity", event.message_id)
        await self.do(lambda uow: uow.failures.record(key, 1, "KeyError: one"))
        await self.pass_time(10)
        await self.do(lambda uow: uow.failures.record(key, 2, "KeyError: two"))
        letter = a_letter(
            message_id=event.message_id,
            error="KeyError: two",
            attempts=2,
            set_aside_at=datetime.now(UTC) + timedelta(seconds=60),
            envelope={"id": str(event.message_id), "type": self.type},
            type=self.type,
        )
        await self.do(lambda uow: uow.dead_letters.add(letter))
        dead = await self.life(event.message_id)
        retried_at = datetime.now(UTC) + timedelta(seconds=90)
        await self.do(lambda uow: commands.retry([letter], uow, retried_at))

        told = [(step.kind, step.subscriber, step.detail) for step in dead.steps[2:]]
        assert told == [
            ("failed attempt", "activity", "attempt 1: KeyError: one"),
            ("failed attempt", "activity", "attempt 2: KeyError: two"),
            ("dead letter", "activity", "after 2 attempts: KeyError: two"),
        ]
        after = await self.told(event)
        assert ("retry", "activity") in after
        assert ("waiting", "activity") in after
        assert ("dead letter", "activity") not in after

    async def test_an_attempt_that_has_not_ended_is_told(self) -> None:
        """A counted attempt is told until its failure is recorded."""
        event = await self.sent()
        key = InboxKey("activity", event.message_id)
        await self.do(lambda uow: uow.failures.record(key, 1, "of an earlier time"))
        await self.pass_time(10)
        await self.do(lambda uow: uow.inbox.count_attempt(key))
        running = await self.told(event)
        await self.do(lambda uow: uow.failures.record(key, 1, "KeyError: no"))

        assert running[2:] == [("failed attempt", "activity"), ("attempt", "activity")]
        assert (await self.told(event))[2:] == [("failed attempt", "activity")] * 2

    async def test_a_discarded_event_was_not_handled(self) -> None:
        """The inbox row of a discarded dead letter is no effect."""
        event = await self.sent()
        letter = a_letter(message_id=event.message_id)
        await self.do(lambda uow: uow.dead_letters.add(letter))
        await self.do(lambda uow: commands.discard([letter], uow, datetime.now(UTC)))
        await self.receive("catalogue", event)

        told = await self.told(event)

        assert ("discard", "activity") in told
        assert ("handled", "activity") not in told
        assert ("handled", "catalogue") in told

    async def test_what_the_relay_gave_up_is_not_confirmed(self) -> None:
        """An event with a dead letter of the relay, or a discarded one, never left."""
        event = await self.sent()
        letter = a_letter(message_id=event.message_id, subscriber=RELAY)
        await self.do(lambda uow: uow.dead_letters.add(letter))
        before = await self.told(event)
        await self.do(lambda uow: commands.discard([letter], uow, datetime.now(UTC)))

        assert ("dead letter", RELAY) in before
        assert ("confirmed", "") not in before
        assert ("confirmed", "") not in await self.told(event)

    async def test_a_deferred_event_is_put_off(self) -> None:
        """The reason and the end of the pause are told."""
        event = await self.sent()
        key = OutboxKey(event.message_id, "activity")
        await self.do(lambda uow: uow.outbox.defer(key, {}, pause=60.0, reason="too slow"))

        step = (await self.life(event.message_id)).steps[-1]

        assert (step.kind, step.subscriber) == ("put off", "activity")
        assert step.detail.startswith("too slow; until 20")

    async def test_what_comes_back_is_told(self) -> None:
        """Re-sends by the reconciler are counted, and a return to the broker has its time."""
        event = await self.lost()
        await self.resend()
        await self.send()
        key = InboxKey("catalogue", event.message_id)
        await self.do(lambda uow: uow.returned.add([key]))

        steps = (await self.life(event.message_id)).steps

        told = [(step.kind, step.detail) for step in steps]
        assert told[1:] == [
            ("confirmed", ""),
            ("re-sent", "once by the reconciler"),
            ("returned", ""),
        ]
