"""The connection of a unit of work's transaction, for an application's own SQL."""

from typing import Any, TypeVarTuple, overload

from sqlalchemy import CursorResult, Executable, ScalarResult, Table
from sqlalchemy.sql.selectable import TypedReturnsRows

from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import Insert, insert_into

Ts = TypeVarTuple("Ts")


class TransactionConnection:
    """Executes an application's own statements in the transaction of its unit of work.

    They are committed or rolled back with everything else. Methods raise UnitOfWorkClosed after
    the end of the transaction, and StorageUnavailable or WriteConflict if a later one may succeed;
    a statement's own errors are SQLAlchemy's, such as IntegrityError. On SQLite the transaction
    begins as a writer. A unit of work that only reads executes SELECTs, and raises TypeError for
    all else.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert_into(self, table: Table) -> Insert:
        """Return an INSERT of the database's dialect, with ``on_conflict_do_update`` and so on."""
        return insert_into(self._session.dialect, table)

    @overload
    async def execute(
        self, statement: TypedReturnsRows[*Ts], parameters: Any = None
    ) -> CursorResult[*Ts]: ...
    @overload
    async def execute(
        self, statement: Executable, parameters: Any = None
    ) -> CursorResult[*tuple[Any, ...]]: ...
    async def execute(self, statement: Executable, parameters: Any = None) -> Any:
        """Execute a statement with the parameters of its bound names: a mapping, or several."""
        reads = self._session.read_only and statement.is_select
        run = self._session.read if reads else self._session.write
        return await run(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row, or None if there is no row."""
        return (await self.execute(statement, parameters)).scalar()

    async def scalars(self, statement: Executable, parameters: Any = None) -> ScalarResult[Any]:
        """Return the first column of all rows."""
        return (await self.execute(statement, parameters)).scalars()
