"""The contract of the club's published events: the files in the package, and the classes."""

from importlib.resources import as_file, files

import pytest

from reading_club.domain.messages import EVENTS, ClubEvent
from reading_club.eventstream.schemas import check_schemas, example_message
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.versions import VERSIONS


def test_the_published_events_are_those_of_their_schemas() -> None:
    """Each has a schema and an example that is read; each sentence says what to do."""
    with as_file(files("reading_club.domain") / "schemas") as folder:
        wrong = check_schemas(folder, EVENTS)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("event", [e for e in EVENTS if VERSIONS.newest(e) is not e])
def test_the_example_of_an_older_version_is_upcast_to_the_newest(event: type[ClubEvent]) -> None:
    """The newest version can be made of what the history has, and has the same id."""
    old = EventRegistry(EVENTS).decode(example_message(event))

    new = VERSIONS.upcast(old, {VERSIONS.newest(event)})

    assert type(new) is VERSIONS.newest(event)
    assert new.message_id == old.message_id
