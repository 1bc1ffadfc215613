"""A club whose processes can be killed and replaced."""

from reading_club_functional.cluster import SUBSCRIBER_NAMES, ClubCluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import Posted, post_books
from reading_club_functional.servers import RabbitMQServer, Server


class RestartableCluster:
    """Web, relay and a worker for each subscriber, by name, and their broker.

    A test that kills a process also starts its replacement.
    """

    def __init__(self, club: ClubCluster, broker: Server) -> None:
        self.club = club
        self.broker = broker
        self.workers = dict(zip(SUBSCRIBER_NAMES, club.begin_workers(), strict=True))
        self.relay, self.web = club.begin("relay"), club.begin("web")
        club.ready(*self.workers.values(), self.relay, self.web)
        self.answered: list[str] = []
        self.assert_consistent(self.post(20))

    def new_web(self) -> None:
        """Kill the web process and start its replacement."""
        self.web.kill()
        self.web = self.club.start("web")

    def post(self, count: int) -> Posted:
        """Register `count` books. Raises AssertionError unless all are answered with 201."""
        posted = post_books(self.club.url, count)
        assert not posted.failures
        return posted

    def assert_consistent(self, *posted: Posted) -> None:
        """Assert that each book of this cluster took effect once, and print the counts."""
        self.answered += [id_ for each in posted for id_ in each.ids]
        failed = sum(len(each.failures) for each in posted)
        effects = assert_consistent(self.club, self.answered)
        silent = len(effects.books) - len(self.answered)
        print(f"{failed} not answered with 201 now; {silent} of all books stored without an answer")

    def flush_to_disk(self) -> None:
        """Make RabbitMQ sync new queues to disk, so that they survive SIGKILL."""
        if isinstance(self.broker, RabbitMQServer):
            self.broker.flush_to_disk()
