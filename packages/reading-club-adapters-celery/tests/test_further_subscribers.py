"""Subscribers that a running publisher learns of."""

from reading_club.adapters.eventstream.app import publisher_app, route_to
from reading_club.adapters.eventstream.testing import LISTENERS
from reading_club.adapters.eventstream.testing.events import PARCEL_SENT
from reading_club.service.projections import activity


def test_a_running_publisher_learns_of_a_subscriber() -> None:
    """Its queue is declared beside the others, until it is gone."""
    app = publisher_app("memory://", [activity])
    (route,) = app.conf.task_routes
    before = (route.queues, route.bindings, route.wanted)

    route_to(app, [LISTENERS[0]])

    declared = route("send_message", (), {"message": {"type": "book_registered_v1"}})["declare"]
    names = ["eventstream.activity", "eventstream.first"]
    assert [queue.name for queue in declared[1:]] == names
    assert [queue.name for queue in route.queues] == names
    route_to(app, [])
    assert (route.queues, route.bindings, route.wanted) == before


def test_a_type_that_only_a_later_subscriber_wants_is_mandatory() -> None:
    """From the moment on that the publisher knows of the subscriber."""
    app = publisher_app("memory://")
    (route,) = app.conf.task_routes
    message = {"message": {"type": PARCEL_SENT}}
    assert not route("send_message", (), message)["mandatory"]

    route_to(app, [LISTENERS[0]])

    assert route("send_message", (), message)["mandatory"]
