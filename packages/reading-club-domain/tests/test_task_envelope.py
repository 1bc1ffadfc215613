"""The envelope of an ordinary Celery task in the outbox."""

from math import nan
from typing import Any
from uuid import UUID

import pytest

from reading_club.eventstream.outbox.task_envelope import TASK, task_envelope


def test_it_carries_the_task_with_an_id_in_order() -> None:
    """The ids of later tasks are greater, so that the relay sends in order."""
    first, second = (task_envelope("shop.ship", (7,), {"to": "me"}, "shipping") for _ in range(2))

    assert UUID(first.pop("id")) < UUID(second.pop("id"))
    expected = {"task": "shop.ship", "args": [7], "kwargs": {"to": "me"}, "queue": "shipping"}
    assert first == second == {"type": TASK, **expected}


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((UUID(int=0),), {}), (({1, 2},), {}), ((), {"to": b"me"}), ("seven", {}), ((), {7: 7})],
    ids=str,
)
def test_what_is_no_json_value_is_refused(args: Any, kwargs: Any) -> None:
    """The error is raised to the caller, before anything is stored."""
    with pytest.raises(TypeError):
        task_envelope("shop.ship", args, kwargs, "shipping")


@pytest.mark.parametrize(
    ("task", "args", "queue"),
    [("", (), "shipping"), ("shop.ship", (), ""), ("t", (), "é" * 128), ("t", (nan,), "shipping")],
    ids=str,
)
def test_values_that_no_broker_takes_are_refused(task: str, args: Any, queue: str) -> None:
    """Names are neither empty nor too long, and numbers are those of JSON."""
    with pytest.raises(ValueError, match=r"a task has a name|JSON compliant"):
        task_envelope(task, args, {}, queue)
