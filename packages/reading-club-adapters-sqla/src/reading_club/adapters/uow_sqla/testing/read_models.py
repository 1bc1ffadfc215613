"""The contracts of the read models on SQL."""

from reading_club.testing.contracts.club import ReadModelsContract


class TestReadModels(ReadModelsContract):
    """The read models on SQL."""
