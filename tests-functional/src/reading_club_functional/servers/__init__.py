"""Private, real servers for tests, on free ports, in temporary folders that are removed."""

from reading_club_functional.servers.postgresql import PostgreSQLServer
from reading_club_functional.servers.rabbitmq import RabbitMQServer
from reading_club_functional.servers.server import Server, ServerDidNotStart
from reading_club_functional.servers.valkey import ValkeyServer

__all__ = [
    "PostgreSQLServer",
    "RabbitMQServer",
    "Server",
    "ServerDidNotStart",
    "ValkeyServer",
]
