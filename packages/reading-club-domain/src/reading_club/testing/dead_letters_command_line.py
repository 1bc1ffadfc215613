"""The command line of a program whose dead letters are in memory."""

from typing import Any

import click
from click.testing import CliRunner, Result
from lastuuid import uuid7

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.dead_letters.cli import dead_letters_group
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.testing.contracts.eventstream import a_letter


class DeadLettersCommandLine:
    """A program with dead letters in memory, and the group ``dead-letters`` of its commands."""

    def __init__(self) -> None:
        self.database = InMemoryDatabase()

    def make_uow(self) -> InMemoryUnitOfWork:
        """Return a unit of work on the database."""
        return InMemoryUnitOfWork(RecordingOutboxTransport(), self.database)

    def call(self, *arguments: str) -> Result:
        """Run a command on dead letters."""
        main = click.Group("shop")
        main.add_command(dead_letters_group(self.make_uow))
        return CliRunner().invoke(main, ["dead-letters", *arguments])

    def add(self, number: int, error: str, **changes: Any) -> list[DeadLetter]:
        """Store dead letters of ``activity`` that can be sent, and return them.

        Each error is this class, with a number as its text; ``changes`` are other fields.
        """
        letters = []
        for each in range(number):
            id_ = uuid7()
            envelope = {"id": str(id_), "type": "parcel_burned_v1", "payload": "{}"}
            fields = {"message_id": id_, "envelope": envelope, "error": f"{error}: {each}"}
            letter = a_letter(**{**fields, **changes})
            self.database.dead_letters[letter.subscriber, letter.message_id] = letter
            letters.append(letter)
        return letters

    def errors(self) -> set[str]:
        """Return the classes of the errors of the dead letters."""
        return {each.error.partition(":")[0] for each in self.database.dead_letters.values()}
