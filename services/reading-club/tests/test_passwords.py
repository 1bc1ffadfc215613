"""Tests of hashing and verifying passwords."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from reading_club.app.accounts.passwords import (
    AT_ONCE,
    MOST_WAITING,
    Argon2,
    Passwords,
    PasswordsBusy,
)
from reading_club.eventstream.errors import TransientFailure


class CountingHasher:
    """A hasher that notes its calls, their threads, and how many of them ran at once."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()
        self.all_busy = threading.Barrier(AT_ONCE)
        self.waits_for_others = False

    def hash(self, password: bytes) -> str:
        """Return a text that shows the password."""
        self._note("hash")
        return f"hash of {password.decode()}"

    def verify(self, password: bytes, hash: str) -> bool:
        """Compare the texts."""
        self._note("verify")
        return hash == f"hash of {password.decode()}"

    def _note(self, call: str) -> None:
        with self._lock:
            self.calls.append(call)
            self.threads.add(threading.current_thread().name)
            self._running += 1
            self.most = max(self.most, self._running)
        if self.waits_for_others:
            self.all_busy.wait(10.0)
        with self._lock:
            self._running -= 1


@pytest.fixture
def hasher() -> CountingHasher:
    """A hasher that counts its calls."""
    return CountingHasher()


@pytest.fixture
def passwords(hasher: CountingHasher) -> Iterator[Passwords]:
    """Passwords on the counting hasher."""
    passwords = Passwords(hasher)
    yield passwords
    passwords.close()


@pytest.fixture
async def argon2() -> AsyncIterator[Passwords]:
    """Passwords as the club hashes them."""
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_a_password_is_verified_against_its_hash(argon2: Passwords) -> None:
    """The hash is argon2id with a salt of its own; another password is refused."""
    first, second = [await argon2.hash("correct horse") for _ in range(2)]

    assert first.startswith("$argon2id$")
    assert first != second
    assert await argon2.verify("correct horse", first)
    assert not await argon2.verify("correct horsf", first)


async def test_the_same_password_may_be_typed_in_two_ways(argon2: Passwords) -> None:
    """An é is one character or two, depending on the keyboard."""
    stored = await argon2.hash("caf\u00e9 \U0001f989 \ud800")

    assert await argon2.verify("cafe\u0301 \U0001f989 \ud800", stored)


async def test_a_stored_text_that_is_no_hash_is_refused() -> None:
    """Without an error, which would show it."""
    assert not Argon2().verify(b"password", "password")


async def test_unknown_and_wrong_take_the_same_work(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    """Each verifies one password once, against a hash that no password is known to have."""
    stored = await passwords.hash("right")
    hasher.calls.clear()

    assert not await passwords.verify("wrong", stored)
    assert not await passwords.verify("wrong", None)

    assert hasher.calls == ["verify", "verify"]


async def test_an_unknown_account_is_refused_whatever_the_hash(
    monkeypatch: pytest.MonkeyPatch, passwords: Passwords, hasher: CountingHasher
) -> None:
    """Even a password that fits the hash of none does not log in."""
    monkeypatch.setattr(hasher, "verify", lambda *_: True)

    assert not await passwords.verify("any", None)


async def test_two_at_most_are_hashed_at_once(passwords: Passwords, hasher: CountingHasher) -> None:
    """In threads of their own, never in that of the event loop; the others wait."""
    await passwords.verify("x", None)
    hasher.most, hasher.waits_for_others = 0, True

    await asyncio.gather(
        *[passwords.hash(str(number)) for number in range(2 * AT_ONCE)],
        *[passwords.verify(str(number), "hash") for number in range(2 * AT_ONCE)],
    )

    assert (hasher.most, AT_ONCE) == (2, 2)
    assert all(name.startswith("passwords") for name in hasher.threads)


async def test_a_password_that_many_others_precede_is_refused(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    """A transient failure, without a hash; those before it are hashed, and later ones again."""
    await passwords.verify("x", None)
    hasher.calls.clear()

    outcomes = await asyncio.gather(
        *[passwords.hash(str(number)) for number in range(AT_ONCE + MOST_WAITING)],
        passwords.hash("one too many"),
        return_exceptions=True,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [type(error) for error in refused] == [PasswordsBusy]
    assert issubclass(PasswordsBusy, TransientFailure)
    assert len(hasher.calls) == AT_ONCE + MOST_WAITING
    assert await passwords.hash("later") == "hash of later"
