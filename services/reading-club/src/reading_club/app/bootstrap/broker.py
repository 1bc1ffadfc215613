"""Connects to the broker of the settings."""

from collections.abc import Callable

from celery import Celery

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.broker_tls import UnusableCertificate
from reading_club.adapters.eventstream.broker_url import BrokerUrl
from reading_club.app.settings import ConfigurationError, Settings, unusable
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.versions import VERSIONS

REWRITE_TIMEOUT = 5.0
"""Seconds to wait for the embedded broker, which rewrites its file in the background."""


def broker_url(settings: Settings) -> str:
    """Return the URL of the broker: the setting, or the one that ``run`` has written.

    Raises ConfigurationError if neither exists, and for an unusable setting.
    """
    if settings.broker_url is not None:
        try:
            return BrokerUrl(settings.broker_url.get_secret_value())
        except UnusableCertificate as exc:
            raise ConfigurationError(f"READING_CLUB_BROKER_URL: {exc}") from exc
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
    return publisher_app(broker_url(settings), SUBSCRIBERS, unwanted="confirm", versions=VERSIONS)


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


def rewrite_embedded_file(settings: Settings) -> None:
    """Let the embedded broker rewrite its file, which holds events until then that are gone.

    Does nothing with a broker of the settings. Raises EventstreamUnavailable if the embedded one
    does not answer.
    """
    if settings.broker_url is not None:
        return
    # A sixth of the start of a process, which on RabbitMQ needs none of it.
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(broker_url(settings), socket_timeout=REWRITE_TIMEOUT) as client:
            if not client.info("persistence")["aof_rewrite_in_progress"]:
                client.bgrewriteaof()
    except RedisError as exc:
        raise EventstreamUnavailable(f"the broker's file: {type(exc).__name__}") from exc


def connect(app: Celery) -> None:
    """Connect to the broker, and close the connection. Raises the client's own errors."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
