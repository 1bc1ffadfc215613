"""TLS to PostgreSQL by libpq's options in the address, of which asyncpg takes ``sslmode`` alone."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL

FILES: Final[tuple[str, ...]] = ("sslrootcert", "sslcert", "sslkey")
VERIFYING: Final = ("verify-full", "verify-ca")
SYSTEM: Final = "system"
"""The value of ``sslrootcert`` for the authorities that the operating system trusts."""


def split_tls(url: URL) -> tuple[URL, Mapping[str, ssl.SSLContext]]:
    """Return the address without files, and asyncpg's argument ``ssl`` that has their effect.

    With ``sslrootcert`` and no ``sslmode``, certificate and host name are verified. An address
    without files keeps its mode, as ``ssl``. Raises ValueError for a file that cannot be used.
    """
    query = {name: str(value) for name, value in url.query.items()}
    mode, files = query.get("sslmode", query.get("ssl")), {n: query[n] for n in FILES if n in query}
    url = url.difference_update_query(["ssl", "sslmode", *FILES])
    if files:
        return url, {"ssl": _context(mode or VERIFYING[0], files)}
    return (url.update_query_dict({"ssl": mode}) if mode else url), {}


def _context(mode: str, files: Mapping[str, str]) -> ssl.SSLContext:
    root = files.get("sslrootcert")
    if mode not in (*VERIFYING, "require"):
        raise ValueError(f"{', '.join(files)} needs sslmode=verify-full")
    if mode in VERIFYING and root is None:
        raise ValueError(f"sslmode={mode} needs sslrootcert: a file, or {SYSTEM}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    if root is None:
        context.verify_mode = ssl.CERT_NONE
    elif root == SYSTEM:
        context.load_default_certs()
    else:
        _used("sslrootcert", root, lambda: context.load_verify_locations(root))
    if own := files.get("sslcert"):
        _used("sslcert", own, lambda: context.load_cert_chain(own, files.get("sslkey")))
    return context


def _used(option: str, path: str, load: Any) -> None:
    """Load a file. Raises ValueError that names the option, without the driver's text."""
    try:
        load()
    except OSError as exc:  # ssl.SSLError is one
        what = "cannot be used" if Path(path).is_file() else "is not there"
        raise ValueError(f"the file of {option} {what}: {path}") from exc
