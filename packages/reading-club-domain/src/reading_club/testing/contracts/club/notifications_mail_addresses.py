"""What all storages of addresses for mail promise."""

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AccountNotFound
from reading_club.service.accounts.secrets import new_secret
from reading_club.service.notifications.mail_addresses import LINK_VALID, AddressState
from reading_club.testing.contracts.club.accounts_helpers import a_hash
from reading_club.testing.contracts.club.notifications_mail_helpers import ADDRESS, MailFixtures

UNCONFIRMED, CONFIRMED = AddressState.UNCONFIRMED, AddressState.CONFIRMED


class MailAddressesContract(MailFixtures):
    """An address is confirmed by the link that is sent to it, and is deleted by another."""

    async def test_a_new_address_is_not_confirmed(self) -> None:
        """It is the account's alone, and no log line that quotes the object has it."""
        mine, other = await self.an_account(), await self.an_account()
        await self.put(mine)

        found = await self.run(lambda uow: uow.mail_addresses.find(mine))

        assert (found.address, found.state) == (ADDRESS, UNCONFIRMED)
        assert ADDRESS not in repr(found)
        assert await self.state(other) is None

    async def test_the_link_confirms_the_address(self) -> None:
        """A second time as well, as the link may be opened twice; another link does not."""
        account, hash_ = await self.an_account(), a_hash()
        await self.put(account)
        assert ADDRESS not in repr(await self.take(hash_))

        assert not await self.confirm(a_hash())
        assert await self.state(account) == UNCONFIRMED
        assert [await self.confirm(hash_) for _ in range(2)] == [True, True]
        assert await self.state(account) == CONFIRMED

    async def test_a_link_expires_and_its_address_is_deleted(self) -> None:
        """A confirmed address stays, whatever the age of its link."""
        early, late = await self.an_account(), await self.an_account()
        hashes = {}
        for account in (early, late):
            await self.put(account, f"{account}@example.org")
            hashes[account] = a_hash()
            mail = await self.take(hashes[account])
            await self.run(lambda uow, sent: uow.outgoing_mail.sent(sent), mail)
        await self.confirm(hashes[early])
        kept = await self.run(lambda uow: uow.mail_addresses.prune())
        await self.pass_time(LINK_VALID + 60)

        assert not await self.confirm(hashes[late])
        pruned = await self.run(lambda uow: uow.mail_addresses.prune())
        assert (kept, pruned) == (0, 1)
        assert (await self.state(early), await self.state(late)) == (CONFIRMED, None)

    async def test_the_confirmed_address_again_stays_confirmed(self) -> None:
        """Another address has to be confirmed, and the link of the one before does not do it."""
        account, hash_ = await self.an_account(), a_hash()
        first = await self.put(account)
        await self.take(hash_)
        await self.confirm(hash_)
        await self.put(account)
        same = await self.state(account)
        await self.put(account, "bea@example.org")

        assert (same, await self.state(account)) == (CONFIRMED, UNCONFIRMED)
        assert not await self.confirm(hash_)
        assert not await self.run(lambda uow: uow.mail_addresses.unsubscribe(first))

    async def test_its_secret_deletes_the_address_once(self) -> None:
        """Another secret deletes nothing, nor does a text that no database takes."""
        account = await self.an_account()
        secret = await self.put(account)

        for other in (new_secret(), "", "\x00", "\ud800"):
            assert not await self.run(lambda uow, text: uow.mail_addresses.unsubscribe(text), other)
        ended = [
            await self.run(lambda uow: uow.mail_addresses.unsubscribe(secret)) for _ in range(2)
        ]

        assert ended == [True, False]
        assert await self.state(account) is None

    async def test_an_address_is_removed_once(self) -> None:
        """That of another account stays."""
        mine, other = await self.an_account(), await self.an_account()
        for account in (mine, other):
            await self.put(account)

        removed = [await self.run(lambda uow: uow.mail_addresses.remove(mine)) for _ in range(2)]

        assert removed == [True, False]
        assert await self.state(other) == UNCONFIRMED

    async def test_an_address_needs_an_account_and_goes_with_it(self) -> None:
        """An unknown account is refused, and of one that is removed nothing is sent."""
        account = await self.an_account()
        await self.put(account)
        await self.run(lambda uow: uow.accounts.remove(account))

        assert await self.state(account) is None
        assert await self.take() is None
        with pytest.raises(AccountNotFound):
            await self.put(uuid7())
