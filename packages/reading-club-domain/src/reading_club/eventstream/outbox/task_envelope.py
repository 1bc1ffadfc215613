"""An ordinary Celery task in the outbox: its envelope."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lastuuid import uuid7

TASK: Final = "celery task"
"""The ``type`` of a task's envelope. It is no event's: their types have no space."""

_LONGEST_QUEUE: Final = 255


def task_envelope(
    task: str, args: Sequence[Any], kwargs: Mapping[str, Any], queue: str
) -> dict[str, Any]:
    """Return the envelope of a task by name, with a new id, which is the task's own as well.

    Raises TypeError for arguments that are no JSON values, and ValueError for names that no
    broker takes, and for numbers that JSON does not know.
    """
    if isinstance(args, str) or not all(isinstance(name, str) for name in kwargs):
        raise TypeError("args is a sequence, and the names in kwargs are strings")
    if not task or not 0 < len(queue.encode()) <= _LONGEST_QUEUE:
        raise ValueError("a task has a name, and a queue of 1 to 255 bytes")
    content = {"task": task, "args": list(args), "kwargs": dict(kwargs), "queue": queue}
    json.dumps(content, allow_nan=False)
    return {"id": str(uuid7()), "type": TASK, **content}
