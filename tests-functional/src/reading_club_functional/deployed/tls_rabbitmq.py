"""A private RabbitMQ with TLS, and the users and permissions of a file of definitions."""

from reading_club_functional.deployed.certificates import Certificate
from reading_club_functional.servers import RabbitMQServer
from reading_club_functional.servers.ports import LOOPBACK
from reading_club_functional.servers.reaper_client import Command


class TlsRabbitMQServer(RabbitMQServer):
    """A node whose clients come over TLS, on the second port.

    ``credentials`` are user and password of one user of the definitions, with a colon between.
    """

    ports_needed = 4

    def __init__(self, certificate: Certificate, definitions: str, credentials: str) -> None:
        super().__init__()
        self._certificate, self._definitions = certificate, definitions
        self._credentials = credentials

    @property
    def url(self) -> str:
        """The URL without TLS, by which the harness knows that the node answers."""
        return f"amqp://{self._credentials}@{LOOPBACK}:{self.port}//"

    @property
    def tls_port(self) -> int:
        """The port on which the node speaks TLS."""
        return self._ports[3]

    def _command(self) -> Command:
        reaper, pem = self._reaper_in_use(), self._certificate
        files = {"certfile": pem.certificate, "keyfile": pem.key, "cacertfile": pem.authority}
        paths = {name: reaper.write(f"{name}.pem", text) for name, text in files.items()}
        self.settings = {
            "load_definitions": str(reaper.write("definitions.json", self._definitions)),
            "listeners.ssl.local": f"{LOOPBACK}:{self._ports[3]}",
            **{f"ssl_options.{name}": str(path) for name, path in paths.items()},
        }
        return super()._command()
