"""A club whose processes are killed, and what is started in their place."""

from reading_club_functional.club import EVERYBODY, Club
from reading_club_functional.effects import assert_everything_took_effect_once
from reading_club_functional.load import Posted, post_books
from reading_club_functional.servers import RabbitMQServer, Server


class Crew:
    """Web, relay and a worker for each subscriber, by name, and the broker they work on.

    Whoever kills one of them puts another in its place.
    """

    def __init__(self, club: Club, broker: Server) -> None:
        self.club = club
        self.broker = broker
        self.workers = dict(zip(EVERYBODY, club.begin_workers(), strict=True))
        self.relay, self.web = club.begin("relay"), club.begin("web")
        club.ready(*self.workers.values(), self.relay, self.web)
        self.answered: list[str] = []
        self.settle(self.post(20))

    def new_web(self) -> None:
        """Kill the web process, and start another one."""
        self.web.kill()
        self.web = self.club.web()

    def new_worker(self, name: str, **options: str) -> None:
        """Kill the worker of a subscriber, and start another one."""
        self.workers[name].kill()
        self.workers[name] = self.club.worker(name, **options)

    def post(self, count: int) -> Posted:
        """Register books, none of which is refused."""
        posted = post_books(self.club.url, count)
        assert not posted.failures
        return posted

    def settle(self, *posted: Posted) -> None:
        """Compare all books with all effects, from the first day on, and print the counts."""
        self.answered += [id_ for each in posted for id_ in each.ids]
        failed = sum(len(each.failures) for each in posted)
        effects = assert_everything_took_effect_once(self.club, self.answered)
        silent = len(effects.books) - len(self.answered)
        print(f"{failed} not answered with 201 now; {silent} of all books stored without an answer")

    def keep_queues(self) -> None:
        """Let the queues outlive a broker that is killed."""
        if isinstance(self.broker, RabbitMQServer):
            self.broker.settle()
