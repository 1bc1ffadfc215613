"""A fake AMQP connection whose broker refuses some queues."""

from typing import Any
from unittest.mock import MagicMock, Mock


class FakeChannel(MagicMock):
    """A channel that the broker closes when a queue of ``refused`` is declared on it."""

    def __init__(self, declared: list[str], refused: dict[str, Exception]) -> None:
        super().__init__()
        self.prepare_queue_arguments = Mock(side_effect=lambda arguments, **_: arguments)
        self.queue_declare = Mock(side_effect=self._declare)
        self._declared, self._refused, self._usable = declared, refused, True

    def _get_child_mock(self, /, **kwargs: Any) -> MagicMock:
        return MagicMock(**kwargs)

    def _declare(self, queue: str, **_: Any) -> tuple[str, int, int]:
        assert self._usable, "the broker has closed this channel"
        if queue in self._refused:
            self._usable = False
            raise self._refused[queue]
        self._declared.append(queue)
        return queue, 0, 0


class FakeConnection(MagicMock):
    """A connection that stays open; ``declared`` are queues, ``channels`` all channels opened."""

    def __init__(self, **refused: Exception) -> None:
        super().__init__(transport_options={})
        self.declared: list[str] = []
        self.refused = {f"eventstream.{name}": error for name, error in refused.items()}
        self.channels: list[FakeChannel] = []
        self.channel = Mock(side_effect=self._open)

    def _get_child_mock(self, /, **kwargs: Any) -> MagicMock:
        return MagicMock(**kwargs)

    def _open(self) -> FakeChannel:
        self.channels.append(FakeChannel(self.declared, self.refused))
        return self.channels[-1]
