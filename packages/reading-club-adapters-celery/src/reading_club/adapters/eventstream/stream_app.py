"""A Celery application of one stream, and the stream of any application."""

from collections.abc import Callable

from celery import Celery

from reading_club.adapters.eventstream.topology import DEFAULT_STREAM, Stream


class StreamApp(Celery):
    """A Celery application of one stream; ``on_turn`` is called as its worker's loop turns."""

    def __init__(self, name: str, stream: Stream) -> None:
        super().__init__(name, set_as_current=False)
        self.stream = stream
        self.on_turn: Callable[[], object] = lambda: None


def stream_of(app: object, stream: Stream | None = None) -> Stream:
    """Return the app's stream, or else ``stream``, or else the default one.

    Raises ValueError if ``stream`` is another one than the app's: messages would be lost.
    """
    of_app = app.stream if isinstance(app, StreamApp) else stream
    if stream not in (None, of_app):
        raise ValueError(f"the app belongs to {of_app}, and not to {stream}")
    return of_app or DEFAULT_STREAM
