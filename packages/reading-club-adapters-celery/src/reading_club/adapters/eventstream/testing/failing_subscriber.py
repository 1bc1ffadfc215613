"""Subscribers whose handlers fail, for tests of consumers."""

from typing import Any

from messagebus import Event

from reading_club.eventstream.subscriber import Subscriber


class ProcessKilled(BaseException):
    """Simulates the death of the process."""


class FailingSubscriber(Subscriber[Any, Any]):
    """Handles events as ``subscriber`` does, and then raises ``errors``, one at each event.

    After the last of them each event raises ``forever``, or succeeds without it. ``calls`` is the
    number of handled events.
    """

    def __init__(
        self,
        subscriber: Subscriber[Any, Any],
        *errors: BaseException,
        forever: BaseException | None = None,
    ) -> None:
        super().__init__("failing", versions=subscriber.versions)
        self.errors, self.forever = list(errors), forever
        self.calls = 0
        self.handlers = dict.fromkeys(subscriber.handlers, self._handle_and_fail)
        self._subscriber = subscriber

    async def _handle_and_fail(self, event: Event, uow: Any) -> None:
        self.calls += 1
        await self._subscriber.handle(event, uow)
        error = self.errors.pop(0) if self.errors else self.forever
        if error is not None:
            raise error
