"""The fake refuses what a real Celery, or a worker behind it, would not take."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from kombu.exceptions import EncodeError

from reading_club.adapters.eventstream.testing import FakeCelery, SentTask


@pytest.fixture
def fake(celery_app: FakeCelery) -> FakeCelery:
    """The fake application."""
    return celery_app


def test_it_keeps_what_was_sent(fake: FakeCelery, celery_queue: list[SentTask]) -> None:
    """Name and keywords, in order; positions and keywords work as they do in Celery."""
    fake.send_task("one", kwargs={"message": {"a": [1, None, "x"]}})
    fake.send_task("two", None, {"b": 1.5}, task_id="id")
    fake.send_task(name="three")

    assert celery_queue == [
        ("one", {"message": {"a": [1, None, "x"]}}),
        ("two", {"b": 1.5}),
        ("three", {}),
    ]


def test_what_was_sent_is_a_copy(fake: FakeCelery, celery_queue: list[SentTask]) -> None:
    """A later change of the message does not reach the wire."""
    message = {"a": 1}
    fake.send_task("one", kwargs={"message": message})

    message["a"] = 2

    assert celery_queue[0].kwargs == {"message": {"a": 1}}


@pytest.mark.parametrize("value", [{1, 2}, object(), (1, 2), {1: "one"}, float("nan")])
def test_what_would_not_arrive_as_it_is_is_refused(fake: FakeCelery, value: Any) -> None:
    """Not JSON, or JSON that is read as something else: an error, and nothing is sent."""
    with pytest.raises(EncodeError):
        fake.send_task("one", kwargs={"message": value})

    assert fake.queue == []


@pytest.mark.parametrize("value", [uuid4(), Decimal("1.50"), b"bytes"])
def test_what_kombu_restores_is_taken(fake: FakeCelery, value: Any) -> None:
    """The JSON of kombu marks a few more types, and a worker gets them back."""
    fake.send_task("one", kwargs={"message": value})

    assert fake.queue[0].kwargs == {"message": value}


@pytest.mark.parametrize("kwargs", [["message"], "message", {1: 2}])
def test_keywords_are_names(fake: FakeCelery, kwargs: Any) -> None:
    """Keywords that are no mapping of names are a TypeError, as in Celery."""
    with pytest.raises(TypeError, match="mapping"):
        fake.send_task("one", kwargs=kwargs)


def test_arguments_that_celery_does_not_know_are_refused(fake: FakeCelery) -> None:
    """The signature is Celery's own."""
    with pytest.raises(TypeError):
        fake.send_task()
    with pytest.raises(TypeError):
        fake.send_task("one", *range(50))
