"""The read models on SQL, one module each, with their tables."""

from typing import Final

from reading_club.adapters.uow_sqla.read_model import SQLReadModel
from reading_club.service.discovery import subclasses_in

READ_MODELS: Final = subclasses_in(__name__, SQLReadModel)
"""All read models: those that the modules of this package define."""
