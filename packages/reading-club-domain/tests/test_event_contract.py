"""The contract of the club's published events: the files in the package, and the classes."""

from importlib.resources import as_file, files

from reading_club.domain.messages import EVENTS
from reading_club.eventstream.schemas import check_schemas


def test_the_published_events_are_those_of_their_schemas() -> None:
    """Each has a schema and an example that is read; each sentence says what to do."""
    with as_file(files("reading_club.domain") / "schemas") as folder:
        assert check_schemas(folder, EVENTS) == []
