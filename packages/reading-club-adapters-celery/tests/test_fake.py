"""The fake Celery refuses tasks that Celery or its worker would refuse."""

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


def test_the_fake_app_keeps_sent_tasks(fake: FakeCelery, celery_queue: list[SentTask]) -> None:
    """Sent tasks are kept in order, with arguments by position or by keyword."""
    fake.send_task("one", kwargs={"message": {"a": [1, None, "x"]}})
    fake.send_task("two", None, {"b": 1.5}, task_id="id")
    fake.send_task(name="three")

    assert celery_queue == [
        ("one", {"message": {"a": [1, None, "x"]}}),
        ("two", {"b": 1.5}),
        ("three", {}),
    ]


def test_a_sent_task_is_a_copy(fake: FakeCelery, celery_queue: list[SentTask]) -> None:
    """A later change of the message leaves the sent one unchanged."""
    message = {"a": 1}
    fake.send_task("one", kwargs={"message": message})

    message["a"] = 2

    assert celery_queue[0].kwargs == {"message": {"a": 1}}


@pytest.mark.parametrize("value", [{1, 2}, object(), (1, 2), {1: "one"}, float("nan")])
def test_a_value_that_would_arrive_changed_is_refused(fake: FakeCelery, value: Any) -> None:
    """A value that is not JSON, or arrives changed, is an EncodeError; nothing is sent."""
    with pytest.raises(EncodeError):
        fake.send_task("one", kwargs={"message": value})

    assert fake.queue == []


@pytest.mark.parametrize("value", [uuid4(), Decimal("1.50"), b"bytes"])
def test_what_kombu_restores_is_taken(fake: FakeCelery, value: Any) -> None:
    """Types that kombu's JSON restores, such as UUID, are accepted."""
    fake.send_task("one", kwargs={"message": value})

    assert fake.queue[0].kwargs == {"message": value}


@pytest.mark.parametrize("kwargs", [["message"], "message", {1: 2}])
def test_the_fake_app_takes_names_as_keywords_only(fake: FakeCelery, kwargs: Any) -> None:
    """Keywords other than a mapping of names are a TypeError, as in Celery."""
    with pytest.raises(TypeError, match="mapping"):
        fake.send_task("one", kwargs=kwargs)


def test_arguments_that_celery_does_not_know_are_refused(fake: FakeCelery) -> None:
    """The fake has the signature of ``Celery.send_task``."""
    with pytest.raises(TypeError):
        fake.send_task()
    with pytest.raises(TypeError):
        fake.send_task("one", *range(50))
