"""The contracts of the read models and their rebuilds on SQL."""

from reading_club.testing.contracts.club import (
    ReadModelsContract,
    RebuildArrivalsContract,
    RebuildContract,
    RebuildErasureContract,
    RebuildFailuresContract,
)


class TestReadModels(ReadModelsContract):
    """The read models on SQL."""


class TestRebuild(
    RebuildContract, RebuildArrivalsContract, RebuildErasureContract, RebuildFailuresContract
):
    """The rebuilds of the projections on SQL."""
