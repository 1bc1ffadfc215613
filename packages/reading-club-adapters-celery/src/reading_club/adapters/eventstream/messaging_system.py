"""The broker of a Celery application, as the conventions of OpenTelemetry name it."""

from typing import Final

from celery import Celery

_SYSTEMS: Final = {"rabbitmq": ("amqp", "pyamqp"), "redis": ("redis", "valkey", "sentinel")}


def system_of(app: Celery) -> str:
    """Return ``rabbitmq`` or ``redis``, or the scheme of another broker's URL."""
    scheme = str(app.conf.broker_url or "amqp").partition("://")[0]
    known = (name for name, spelled in _SYSTEMS.items() if scheme.startswith(spelled))
    return next(known, scheme)
