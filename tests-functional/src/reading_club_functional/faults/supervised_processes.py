"""The club's processes, restarted whenever one ends."""

import signal
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager

from reading_club_functional.cluster import SUBSCRIBER_NAMES, ClubCluster
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.outages import lasting
from reading_club_functional.process import ClubProcess

ROLES: Mapping[str, tuple[str, ...]] = {
    "web": ("web",),
    "relay": ("relay",),
    **{f"worker {name}": ("worker", "--subscriber", name) for name in SUBSCRIBER_NAMES},
}
WRONG_SETTING = 2
"""The exit code of a process whose log-in the database refuses at its start."""
STARTS_END_BY = (-signal.SIGTERM, WRONG_SETTING)
LAST_LINES = 12


class SupervisedProcesses:
    """Web, relay and a worker for each subscriber, by role.

    ``ended`` lists unexpected ends. Expected are signals sent by this class, SIGKILL by a poison
    event (counted in ``deaths``, by worker), and a log-in refused at the start, after which a
    service manager would restart the process. Linux kills the processes when the thread that
    started them ends, so ``starter`` must outlive them.
    """

    def __init__(self, club: ClubCluster, starter: Executor) -> None:
        self.club = club
        self._starter = starter
        self.ended: list[str] = []
        self.deaths: Counter[str] = Counter()
        self._lock = threading.RLock()
        self.by_role = {role: self._begin(role) for role in ROLES}
        club.ready(*self.by_role.values())

    def _begin(self, role: str) -> ClubProcess:
        return self._starter.submit(self.club.begin, *ROLES[role], module=MODULE).result()

    def kill(self, role: str) -> None:
        """Kill a process by SIGKILL and start its replacement."""
        with self._lock:
            self.by_role[role].kill()
            self.by_role[role] = self._begin(role)

    def terminate(self, role: str) -> None:
        """Stop a process by SIGTERM, note an exit code other than 0, start its replacement.

        A process that is not ready yet may also end by the signal or a refused log-in.
        """
        with self._lock:
            process = self.by_role[role]
            expected = () if process.is_ready else STARTS_END_BY
            process.send(signal.SIGTERM)
            if code := process.wait():  # SIGKILL: a poison event was quicker than the signal
                self._note_end(role, f"exit code {code} after SIGTERM", expected)
            self.by_role[role] = self._begin(role)

    @contextmanager
    def frozen(self, role: str) -> Iterator[None]:
        """Stop a process by SIGSTOP until the block ends."""
        with self._lock:
            send = self.by_role[role].send
            with lasting(lambda: send(signal.SIGSTOP), lambda: send(signal.SIGCONT)):
                yield

    def restart_ended(self) -> None:
        """Replace each process that has ended, and note unexpected ends."""
        for role in ROLES:
            with self._lock:
                process = self.by_role[role]
                if not process.running:
                    expected = () if process.is_ready else STARTS_END_BY[1:]
                    self._note_end(role, f"exit code {process.wait()}", expected)
                    self.by_role[role] = self._begin(role)

    def _note_end(self, role: str, how: str, expected: Collection[int]) -> None:
        process = self.by_role[role]
        code = process.wait()
        if code == -signal.SIGKILL and role.startswith("worker"):
            self.deaths[role] += 1
        elif code not in expected:
            lines = process.output.splitlines()[-LAST_LINES:]
            self.ended.append("\n    ".join([f"{role}: {how}", *lines]))
