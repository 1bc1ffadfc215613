"""What all storages promise about the secrets of accounts."""

import json
from typing import Final
from uuid import UUID

import pytest
from lastuuid import uuid7
from messagebus import AsyncUnitOfWorkTransaction

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.domain.messages import CreateReviewer
from reading_club.service.accounts.accounts import Role
from reading_club.service.accounts.invitations import InvitationTerms
from reading_club.service.accounts.secrets import hash_of, new_secret
from reading_club.service.bus import ClubBus
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures
from reading_club.testing.contracts.eventstream import History

Transaction = AsyncUnitOfWorkTransaction[AbstractUnitOfWork]
PASSWORD_HASH: Final = "$argon2id$v=19$hash"


class SecrecyContract(AccountFixtures):
    """No secret, and no hash of one, is in a message."""

    @pytest.fixture(autouse=True)
    def _stream(
        self, bus: ClubBus, history: History, transport: InMemoryEventstreamTransport
    ) -> None:
        self.bus, self.history, self.transport = bus, history, transport

    async def test_messages_hold_no_secret(self) -> None:
        """A club is claimed and a member joins; of that, messages say who the reviewers are."""
        secrets = [new_secret() for _ in range(5)]
        welcome, invitation, session, token, link = secrets
        await self.run(lambda uow: uow.welcome_link.put(hash_of(welcome)))

        async with self.uow_factory() as transaction:
            uow = transaction.uow
            assert await uow.welcome_link.redeem(hash_of(welcome))
            organiser = await self._account(transaction, "Ada", Role.ORGANISER)
            await uow.invitations.add(
                uuid7(), hash_of(invitation), created_by=organiser, terms=InvitationTerms()
            )
            await transaction.commit()
        async with self.uow_factory() as transaction:
            uow = transaction.uow
            assert await uow.invitations.redeem(hash_of(invitation))
            member = await self._account(transaction, "Bob", Role.MEMBER)
            credentials = await uow.accounts.credentials("Bob")
            assert credentials is not None
            assert await uow.sessions.start(hash_of(session), credentials, label="Firefox")
            await uow.tokens.add(uuid7(), hash_of(token), account_id=member, name="script")
            await uow.password_links.add(hash_of(link), account_id=member, created_by=organiser)
            await uow.join_requests.add(uuid7(), nickname="Cleo", password_hash=PASSWORD_HASH)
            await transaction.commit()

        said = json.dumps([await self.history(), self.transport.events], default=str)
        assert said.count("Ada") == said.count("Bob") == 3  # command, event, published event
        hidden = [
            "Cleo",
            *secrets,
            *map(hash_of, secrets),
            PASSWORD_HASH,
            str(organiser),
            str(member),
        ]
        assert [each for each in hidden if each in said] == []

    async def _account(self, transaction: Transaction, nickname: str, role: Role) -> UUID:
        command, identifier = CreateReviewer(nickname=nickname), uuid7()
        await self.bus.handle(command, transaction)
        await transaction.uow.accounts.add(
            identifier, reviewer_id=command.id, role=role, password_hash=PASSWORD_HASH
        )
        return identifier

    def test_each_secret_is_new(self) -> None:
        """Secrets have 43 characters of a URL, and hashes 64 digits."""
        secrets = {new_secret() for _ in range(100)}

        assert len(secrets) == 100
        assert {len(secret) for secret in secrets} == {43}
        assert len({hash_of(secret) for secret in secrets}) == 100
        assert {len(hash_of(text)) for text in (*secrets, "", "\ud800")} == {64}
