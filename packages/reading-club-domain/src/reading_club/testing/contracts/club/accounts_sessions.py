"""What all storages of sessions promise."""

from typing import Any
from uuid import UUID

import pytest

from reading_club.service.accounts.accounts import Role
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import ABSOLUTE, IDLE, LABEL, SignedIn
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import DAY, AccountFixtures, a_hash


class SessionsContract(AccountFixtures):
    """A session stands for its account until it ends, by the clock of the storage."""

    async def found(self, hash_: SecretHash) -> SignedIn | None:
        """Return the account of a session, or None."""
        found: SignedIn | None = await self.run(lambda uow: uow.sessions.find(hash_))
        return found

    async def labels(self, account_id: UUID) -> list[str]:
        """Return the labels of the account's sessions."""
        sessions = await self.run(lambda uow: uow.sessions.list(account_id))
        return [session.label for session in sessions]

    async def test_a_session_stands_for_its_account(self) -> None:
        """With the role that the account has now. An unknown hash stands for none."""
        account_id = await self.an_account()
        session = await self.a_session(account_id)
        await self.run(lambda uow: uow.accounts.change_role(account_id, Role.ORGANISER))

        signed_in = await self.found(session)

        assert signed_in is not None
        assert (signed_in.account.id, signed_in.account.role) == (account_id, Role.ORGANISER)
        assert not signed_in.is_stale
        assert await self.found(a_hash()) is None

    async def test_a_use_is_written_after_some_minutes(self) -> None:
        """Until then it is not stale, so that most requests write nothing."""
        session = await self.a_session(await self.an_account())
        await self.pass_time(301.0)
        stale = await self.found(session)

        await self.run(lambda uow: uow.sessions.touch(session))

        used = await self.found(session)
        assert (stale and stale.is_stale, used and used.is_stale) == (True, False)

    async def test_an_idle_session_ends(self) -> None:
        """14 days after the last use, and no later use brings it back."""
        account_id = await self.an_account()
        session = await self.a_session(account_id)
        await self.pass_time(IDLE - 60.0)
        assert await self.found(session) is not None
        await self.run(lambda uow: uow.sessions.touch(session))
        await self.pass_time(IDLE - 60.0)
        assert await self.found(session) is not None

        await self.pass_time(61.0)
        await self.run(lambda uow: uow.sessions.touch(session))

        assert await self.found(session) is None
        assert await self.labels(account_id) == []

    async def test_an_old_session_ends_however_much_it_is_used(self) -> None:
        """90 days after its start."""
        session = await self.a_session(await self.an_account())
        step = ABSOLUTE / 9
        for _ in range(8):
            await self.pass_time(step)
            await self.run(lambda uow: uow.sessions.touch(session))
            assert await self.found(session) is not None

        await self.pass_time(step)

        assert await self.found(session) is None

    async def test_sessions_are_listed_with_the_last_used_first(self) -> None:
        """Those of the account alone, with labels that can be printed."""
        account_id, other = await self.an_account(), await self.an_account()
        first = await self.a_session(account_id, "first")
        await self.pass_time(1.0)
        await self.a_session(account_id, "a\x00\n\ud800" + "b" * LABEL)
        await self.a_session(other, "other")
        await self.pass_time(1.0)
        await self.run(lambda uow: uow.sessions.touch(first))

        assert await self.labels(account_id) == ["first", "a   " + "b" * (LABEL - 4)]

    async def test_a_session_is_ended_by_its_account_alone(self) -> None:
        """Another account cannot end it, and it ends once."""
        account_id, other = await self.an_account(), await self.an_account()
        session = await self.a_session(account_id)

        ended = [
            await self.run(lambda uow, owner: uow.sessions.end(owner, session), owner)
            for owner in (other, account_id, account_id)
        ]

        assert ended == [False, True, False]
        assert await self.found(session) is None

    async def test_a_new_password_ends_all_sessions_but_one(self) -> None:
        """Sessions of other accounts go on, and the old credentials start none."""
        account_id, other = await self.an_account(), await self.an_account()
        old = await self.credentials(account_id)
        kept, ended = [await self.a_session(account_id) for _ in range(2)]
        others = await self.a_session(other)

        await self.run(lambda uow: uow.accounts.change_password(account_id, "new", keep=kept))

        alive = [await self.found(each) is not None for each in (kept, ended, others)]
        assert alive == [True, False, True]
        assert (await self.credentials(account_id)).password_hash == "new"
        assert not await self.run(lambda uow: uow.sessions.start(a_hash(), old, label=""))

    async def test_all_sessions_of_an_account_end_by_one_call(self) -> None:
        """Those of other accounts go on."""
        account_id, other = await self.an_account(), await self.an_account()
        for owner in (account_id, account_id, other):
            await self.a_session(owner)

        assert await self.run(lambda uow: uow.sessions.end_all(account_id)) == 2
        assert (await self.labels(account_id), len(await self.labels(other))) == ([], 1)

    @pytest.mark.parametrize("first", ["password", "session"])
    async def test_no_session_of_an_old_password_outlives_its_change(self, first: str) -> None:
        """Nor does one that is started at the same time."""
        account_id = await self.an_account()
        credentials = await self.credentials(account_id)

        async def change(uow: AbstractUnitOfWork) -> None:
            await uow.accounts.change_password(account_id, "new")

        async def start(uow: AbstractUnitOfWork) -> Any:
            return await uow.sessions.start(a_hash(), credentials, label="old")

        await self.race(*((change, start) if first == "password" else (start, change)))

        assert (await self.credentials(account_id)).password_hash == "new"
        assert await self.labels(account_id) == []

    async def test_ended_sessions_are_pruned(self) -> None:
        """One call deletes them; those that go on stay."""
        account_id = await self.an_account()
        await self.a_session(account_id, "old")
        await self.pass_time(IDLE + DAY)
        await self.a_session(account_id, "new")

        pruned = [await self.run(lambda uow: uow.accounts.prune()) for _ in range(2)]

        assert [each["sessions"] for each in pruned] == [1, 0]
        assert await self.labels(account_id) == ["new"]
