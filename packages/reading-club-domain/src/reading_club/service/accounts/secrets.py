"""Makes secrets, and hashes them for storage."""

from hashlib import sha256
from secrets import token_urlsafe
from typing import Final, NewType

SecretHash = NewType("SecretHash", str)
"""The SHA-256 of a secret: 64 hexadecimal digits. Only ``hash_of`` makes it."""

BYTES: Final = 32
"""Random bytes of a secret: too many to be guessed, so that a fast hash is enough."""


def new_secret() -> str:
    """Return a new secret: 43 characters that can stand in a URL."""
    return token_urlsafe(BYTES)


def hash_of(secret: str) -> SecretHash:
    """Return the hash of a secret. Any text has one, as a request may contain any."""
    return SecretHash(sha256(secret.encode("utf-8", "surrogatepass")).hexdigest())
