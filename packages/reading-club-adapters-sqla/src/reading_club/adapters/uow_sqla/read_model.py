"""Base of the read models on SQL."""

from typing import ClassVar

from reading_club.adapters.uow_sqla.session import Session


class SQLReadModel:
    """A read model on SQL, an attribute of the club's unit of work, made with its session.

    The modules of ``read_models`` define one subclass each, with its tables, which the unit of work
    finds. What it collects is written by its method ``flush``, before a read and before the commit.
    """

    name: ClassVar[str]
    """The attribute of the unit of work, and the subscriber that writes the read model."""

    def __init__(self, session: Session) -> None:
        self.session = session
