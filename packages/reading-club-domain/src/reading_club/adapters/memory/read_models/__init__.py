"""The read models in memory, one module each."""

from typing import Final

from reading_club.adapters.memory.read_model import InMemoryReadModel
from reading_club.service.discovery import subclasses_in

READ_MODELS: Final = subclasses_in(__name__, InMemoryReadModel)
"""All read models: those that the modules of this package define."""
