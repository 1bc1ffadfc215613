"""Connects to the broker of the settings."""

from collections.abc import Callable

from celery import Celery

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.broker_url import BrokerUrl
from reading_club.app.settings import ConfigurationError, Settings, unusable
from reading_club.service.projections import SUBSCRIBERS


def broker_url(settings: Settings) -> str:
    """Return the URL of the broker: the setting, or the one that ``run`` has written.

    Raises ConfigurationError if neither exists, and for an unusable setting.
    """
    if settings.broker_url is not None:
        try:
            return BrokerUrl(settings.broker_url.get_secret_value())
        except ValueError:
            raise unusable("READING_CLUB_BROKER_URL", "amqp://… or redis://…") from None
    if settings.broker_file.exists():
        return settings.broker_file.read_text(encoding="utf-8").strip()
    raise ConfigurationError(
        "READING_CLUB_BROKER_URL is not set, and no `reading-club run` has left a broker in "
        f"{settings.data_dir}"
    )


def open_publisher(settings: Settings) -> Celery:
    """Return the Celery application that publishes to all subscribers, not yet connected."""
    return publisher_app(broker_url(settings), SUBSCRIBERS)


def broker_check(settings: Settings) -> Callable[[], None] | None:
    """Return a function that connects to the broker once; None without a usable broker.

    The client of the broker is imported at once, so that the check takes no time for it.
    """
    try:
        app = open_publisher(settings)
    except ConfigurationError:
        return None
    app.connection_for_write().get_transport_cls()
    return lambda: connect(app)


def connect(app: Celery) -> None:
    """Connect to the broker, and close the connection. Raises the client's own errors."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
