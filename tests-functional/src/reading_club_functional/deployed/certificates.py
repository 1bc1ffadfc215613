"""Certificates of an authority that is made for a test."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificate:
    """A server's certificate with its key, and that of the authority, as PEM."""

    certificate: str
    key: str
    authority: str


class Authority:
    """An authority whose own certificate is in a file."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / "ca.crt"
        self._ca.cert_pem.write_to_path(self.file)

    def certificate(self, *names: str) -> Certificate:
        """Return a certificate for these host names and addresses."""
        issued = self._ca.issue_cert(*names)
        chain = "".join(blob.bytes().decode() for blob in issued.cert_chain_pems)
        key = issued.private_key_pem.bytes().decode()
        return Certificate(chain, key, self._ca.cert_pem.bytes().decode())

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Return the context of a server with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context
