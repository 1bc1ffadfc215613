"""What every adapter tells of the life of one event."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from lastuuid import uuid7
from messagebus import Event

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.context import MessageContext, using
from reading_club.eventstream.ports.event_lives import EFFECT_WITHIN, EventLife
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.contracts.eventstream.helpers import SendReminder, commit
from reading_club.testing.contracts.eventstream.reconciliation import Reconciling

TRACE = "0af7651916cd43dd8448eb211c80319c"
SECRET = "what nobody else should read"


class EventLifeFixtures(Reconciling):
    """Events, what is done with them, and the lives that are told of them."""

    async def do(self, deed: Callable[[StreamUnitOfWork], Awaitable[Any]]) -> Any:
        """Call ``deed`` in a transaction of its own."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            result = await deed(transaction.uow)
            await transaction.commit()
        return result

    async def life(self, message_id: UUID) -> EventLife:
        """Return the life of a message that is known."""
        life: EventLife | None = await self.do(lambda uow: uow.lives.find(message_id))
        assert life is not None
        return life

    async def told(self, event: Event) -> list[tuple[str, str]]:
        """Return kind and subscriber of each step."""
        steps = (await self.life(event.message_id)).steps
        return [(step.kind, step.subscriber) for step in steps]

    async def sent(self) -> Event:
        """Return an event that was published to both subscribers."""
        for subscriber in ("activity", "catalogue"):
            await self.subscribe(subscriber)
        event = self.make_event(SECRET)
        await self.publish(event)
        await self.pass_time(10)
        return event


class EventLivesContract(EventLifeFixtures):
    """All that is stored of a message, in the order in which it happened.

    Needs the fixtures of ``OutboxContract``.
    """

    async def test_an_unknown_message_has_no_life(self) -> None:
        """An id that the history does not have is answered by None."""
        await self.sent()

        assert await self.do(lambda uow: uow.lives.find(uuid7())) is None

    async def test_an_event_waits_until_the_broker_has_it(self) -> None:
        """A committed event waits for all subscribers, and is confirmed when its row is gone."""
        event = self.make_event(SECRET)
        await commit(self.uow_on, event)
        before = await self.told(event)

        await self.send()

        assert before == [("recorded", ""), ("waiting", "")]
        assert await self.told(event) == [("recorded", ""), ("confirmed", "")]

    async def test_a_command_is_recorded_and_not_sent(self) -> None:
        """A message that is not published is never confirmed."""
        command = SendReminder(text=SECRET)
        await commit(self.uow_on, command)

        life = await self.life(command.message_id)

        (step,) = life.steps
        assert (step.kind, step.detail) == ("recorded", "not sent to subscribers")
        assert (life.message.type, life.message.published) == ("send_reminder_v1", False)

    async def test_no_payload_is_told(self) -> None:
        """The life has ids, times and texts of the stream, and no content of the message."""
        event = await self.sent()
        await self.receive("activity", event)

        assert SECRET not in (await self.life(event.message_id)).model_dump_json()

    async def test_each_subscriber_handles_it(self) -> None:
        """Inbox rows tell when the event took effect, in the order of time."""
        event = await self.sent()
        await self.receive("catalogue", event)
        await self.pass_time(10)
        await self.receive("activity", event)

        told = await self.told(event)

        assert told[2:] == [("handled", "catalogue"), ("handled", "activity")]
        times = [step.at for step in (await self.life(event.message_id)).steps if step.at]
        assert times == sorted(times)
        assert len(times) == 3

    async def test_cause_effects_and_trace_are_told(self) -> None:
        """The cause is found by its id, effects near the times of commit and handling."""
        trace = MessageContext(uuid7(), None, f"00-{TRACE}-b7ad6b7169203331-01")
        command, event = SendReminder(text="cause"), self.make_event()
        await self.subscribe("activity")
        with using(trace):
            await commit(self.uow_on, command, event)
        await self.pass_time(EFFECT_WITHIN + 10)
        await self.receive("activity", event)
        effect = self.make_event()
        with using(MessageContext(trace.correlation_id, event.message_id)):
            await commit(self.uow_on, effect)

        life, of_command = await self.life(event.message_id), await self.life(command.message_id)

        assert life.trace_id == TRACE
        assert life.message.correlation_id == trace.correlation_id
        assert life.cause == of_command.message
        assert [each.message_id for each in life.effects] == [effect.message_id]
        assert [each.message_id for each in of_command.effects] == [event.message_id]
        assert of_command.cause is None
        assert (await self.life(effect.message_id)).cause == life.message
        assert not (await self.life(effect.message_id)).effects
