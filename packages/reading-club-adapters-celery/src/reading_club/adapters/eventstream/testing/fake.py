"""A Celery application whose broker is a list."""

import inspect
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from celery import Celery
from kombu.exceptions import EncodeError
from kombu.serialization import dumps, loads, prepare_accept_content

_SIGNATURE: Final = inspect.signature(Celery.send_task)
_JSON_ONLY: Final = prepare_accept_content(["json"])


class SentTask(NamedTuple):
    """A message as a worker would receive it."""

    task: str
    kwargs: dict[str, Any]


class FakeCelery:
    """Appends tasks to ``queue`` that Celery would send and a worker could read.

    It takes the arguments of ``Celery.send_task``, and serialises with kombu's JSON. Unlike Celery,
    it raises EncodeError for a value that a worker would receive changed, such as a tuple that
    arrives as a list.
    """

    def __init__(self, queue: list[SentTask]) -> None:
        self.queue = queue

    def send_task(self, *args: Any, **kwargs: Any) -> None:
        """Append the task. Raises TypeError or EncodeError, as Celery does."""
        sent = _SIGNATURE.bind(self, *args, **kwargs).arguments
        self.queue.append(SentTask(sent["name"], _over_the_wire(sent.get("kwargs"))))


def _over_the_wire(kwargs: object) -> dict[str, Any]:
    if kwargs is None:
        return {}
    if not isinstance(kwargs, Mapping) or not all(isinstance(key, str) for key in kwargs):
        raise TypeError("task keyword arguments must be a mapping with names as keys")
    content_type, encoding, body = dumps(dict(kwargs), serializer="json")
    received: dict[str, Any] = loads(body, content_type, encoding, accept=_JSON_ONLY)
    if received != kwargs:
        raise EncodeError("the message would arrive as something else")
    return received
