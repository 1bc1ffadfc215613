"""Tests of the cost of a stream's state."""

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.statistics import SQLStatistics
from reading_club.adapters.uow_sqla.testing.fixtures import statements


class TestStateCosts:
    """The state of a stream, for metrics, costs the same for any number of subscribers."""

    async def test_the_state_of_all_subscribers_costs_two_statements(
        self, engine: AsyncEngine, statistics: SQLStatistics
    ) -> None:
        """One for the backlog, and one for all subscribers, which ask nothing else."""
        await statistics.state(["activity"])  # connects
        async with statements(engine) as seen:
            await statistics.state(["activity", "catalogue", "another"])

        sent = {word.rstrip(";") for word in seen}
        assert (seen.count("SELECT"), sent - {"BEGIN", "ROLLBACK"}) == (2, {"SELECT"})
