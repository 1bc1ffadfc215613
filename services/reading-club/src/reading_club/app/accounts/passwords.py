"""Hashes and verifies passwords by argon2, in threads of its own."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from reading_club.eventstream.errors import TransientFailure
from reading_club.service.accounts.secrets import new_secret

T = TypeVar("T")

AT_ONCE: Final = 2
"""Passwords that are hashed or verified at the same time: each takes 64 MiB and a core."""

MOST_WAITING: Final = 32
"""Passwords that wait for their turn."""


class PasswordsBusy(TransientFailure):
    """Too many passwords wait to be hashed; the request may be sent again."""

    def __init__(self) -> None:
        super().__init__("too many passwords are being checked at the moment")


class Hasher(Protocol):
    """A slow hash of passwords."""

    def hash(self, password: bytes) -> str:
        """Return the hash of a password, with a salt of its own."""
        ...

    def verify(self, password: bytes, hash: str) -> bool:
        """Whether the password has this hash."""
        ...


class Argon2:
    """Argon2 with the parameters that pwdlib recommends."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()

    def hash(self, password: bytes) -> str:
        """Return the hash, which names its salt and parameters."""
        return self._hash.hash(password)

    def verify(self, password: bytes, hash: str) -> bool:
        """Whether the password has this hash; False for a text that is none."""
        try:
            return self._hash.verify(password, hash)
        except UnknownHashError:  # it would show the stored text
            return False


class Passwords:
    """The passwords of a process, which has one such object, and closes it at its end.

    The event loop goes on while a password is hashed; further ones wait for their turn, at most
    MOST_WAITING of them. No error holds a password or a hash.
    """

    def __init__(self, hasher: Hasher | None = None) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._hasher = Argon2() if hasher is None else hasher
        self._unfinished = 0
        self._of_none = self._threads.submit(self._hasher.hash, new_secret().encode())

    async def hash(self, password: str) -> str:
        """Return the hash of a new password, for storage. Raises PasswordsBusy."""
        return await self._run(lambda: self._hasher.hash(_as_bytes(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password has the stored hash; False if the stored text is no hash.

        None stands for an account that does not exist. It takes the same work as a wrong password,
        so that the time of the answer does not tell which nicknames there are.

        Raises PasswordsBusy.
        """
        of_none = await asyncio.wrap_future(self._of_none)
        compared = of_none if stored is None else stored
        is_same = await self._run(lambda: self._hasher.verify(_as_bytes(password), compared))
        return is_same and stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._unfinished >= AT_ONCE + MOST_WAITING:
            raise PasswordsBusy
        self._unfinished += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._unfinished -= 1

    def close(self) -> None:
        """End the threads; passwords that still wait are not hashed."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def _as_bytes(password: str) -> bytes:
    """Return the password in one form, whatever keyboard it was typed on."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
