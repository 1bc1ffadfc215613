"""The contract tests on SQLite, with the engine of ``create_engine``."""

from reading_club.adapters.uow_sqla.testing import *  # noqa: F403  # its tests run here
