"""The SQL adapters on SQLite, by the engine that the package makes."""

from reading_club.adapters.uow_sqla.testing import *  # noqa: F403  # its tests are ours
