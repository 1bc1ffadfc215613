"""The event stream on SQL is imported without the club, and has tables on any MetaData."""

import subprocess
import sys

from sqlalchemy import MetaData

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.tables import stream_tables

IMPORT_ALL = """
import importlib, pkgutil, sys
import reading_club.adapters.uow_sqla.eventstream as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
club = ("reading_club.domain", "reading_club.service", "pytest", "celery")
print([name for name in sys.modules if name.startswith(club)])
"""


def test_the_event_stream_on_sql_imports_no_club() -> None:
    """No module of it imports the club's domain, its use cases, its tables or a test tool."""
    command = [sys.executable, "-c", IMPORT_ALL]

    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert printed == "[]\n"


def test_the_tables_are_made_on_any_metadata() -> None:
    """They are the club's, by name and columns, without the club's own."""
    metadata = MetaData()

    tables = stream_tables(metadata)

    assert tables.metadata is metadata
    assert {table.name for table in metadata.sorted_tables} < set(orm.metadata.tables)
    for name, table in metadata.tables.items():
        assert table.columns.keys() == orm.metadata.tables[name].columns.keys()
