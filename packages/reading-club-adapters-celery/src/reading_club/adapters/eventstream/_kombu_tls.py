"""The host name that a broker's certificate has to have, for each broker of a cluster.

What this file uses of kombu 5.7.0, with the test that fails if it changes:

- ``pyamqp.Transport.establish_connection`` writes the host of the URL into ``server_hostname`` of
  ``Connection.ssl`` if that is None; only then does py-amqp compare the certificate with the host.
  The value stays for the next broker of a cluster.
  ``test_each_broker_of_a_cluster_has_to_have_its_own_name``
"""

from typing import Any

_NAME = "server_hostname"


class NamedByUrl(dict[str, Any]):
    """Options of TLS in which kombu finds no host name, and sets that of the URL each time."""

    def __getitem__(self, key: str) -> Any:
        return None if key == _NAME else super().__getitem__(key)
