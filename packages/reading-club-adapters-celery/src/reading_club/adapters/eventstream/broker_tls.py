"""TLS to a broker by options in its URL: certificate and host name are verified by default.

RabbitMQ's options are ``cacertfile``, ``certfile`` and ``keyfile``, as in its own URLs; those of
Redis are its client's, ``ssl_ca_certs`` and so on.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from kombu.utils.url import parse_url

from reading_club.adapters.eventstream._kombu_tls import NamedByUrl

AMQP_OPTIONS: Final[Mapping[str, str]] = {
    "cacertfile": "ca_certs",
    "certfile": "certfile",
    "keyfile": "keyfile",
}
"""Options of a URL, and their names in py-amqp."""


class UnusableCertificate(ValueError):
    """A file of certificates or keys cannot be used; the message names option and file."""


def split_tls(url: str, *, amqp: bool) -> tuple[str, dict[str, Any] | None]:
    """Return the URL without options of TLS, and the value of Celery's ``broker_use_ssl``.

    That is None for a scheme without TLS. Raises UnusableCertificate, and ValueError for options
    of TLS without TLS.
    """
    base, _, query = url.partition("?")
    pairs = parse_qsl(query)
    of_tls = {k: v for k, v in pairs if (k in AMQP_OPTIONS if amqp else k.startswith("ssl_"))}
    others = urlencode([(k, v) for k, v in pairs if k not in of_tls])
    stripped = f"{base}?{others}" if others else base
    if not base.startswith(("amqps:", "rediss:")):
        if of_tls:
            raise ValueError("options of TLS need a scheme with TLS: amqps, rediss or valkeys")
        return stripped, None
    return stripped, _amqp(of_tls) if amqp else _redis(f"{base}?{urlencode(of_tls)}")


def _amqp(options: Mapping[str, str]) -> dict[str, Any]:
    given = {AMQP_OPTIONS[name]: path for name, path in options.items()}
    _require_usable("cacertfile", given.get("ca_certs"))
    _require_usable("certfile", given.get("certfile"), given.get("keyfile"))
    return NamedByUrl({"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, **given})


def _redis(url: str) -> dict[str, Any]:
    given = parse_url(url).get("ssl", {})
    _require_usable("ssl_ca_certs", given.get("ssl_ca_certs"))
    _require_usable("ssl_certfile", given.get("ssl_certfile"), given.get("ssl_keyfile"))
    verified = given.get("ssl_cert_reqs", ssl.CERT_REQUIRED) == ssl.CERT_REQUIRED
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": verified, **given}


def _require_usable(option: str, path: str | None, key: str | None = None) -> None:
    """Raise UnusableCertificate unless these files can be loaded: the client would only retry."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if path is not None and "ca" in option:
            context.load_verify_locations(path)
        elif path is not None:
            context.load_cert_chain(path, key)
    except OSError as exc:  # ssl.SSLError is one
        what = "cannot be used" if Path(path or "").is_file() else "is not there"
        raise UnusableCertificate(f"the file of {option} {what}: {path}") from exc
