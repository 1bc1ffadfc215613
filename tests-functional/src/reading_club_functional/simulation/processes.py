"""The simulated processes: which one a step belongs to, and how it ends by a crash."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reading_club_functional.simulation.seeded_loop import SeededLoop


@dataclass(eq=False)
class Process:
    """One life of a simulated process: after a crash there is a new one."""

    name: str
    loop: "SeededLoop"
    on_end: Callable[["Process"], None] = lambda _: None
    alive: bool = True
    fuse: int = 0
    """The number of steps until it crashes; 0 for none."""
    stepped: int = 0
    numbers: dict[str, int] = field(default_factory=dict)

    def numbered(self, name: str) -> str:
        """Return a name for a task or thread of this process, the same in each run."""
        self.numbers[name] = number = self.numbers.get(name, 0) + 1
        return f"{self.name}/{name}-{number}"

    def burns(self) -> bool:
        """Count a step, and return whether the process crashes before it."""
        self.stepped += 1
        if not self.fuse:
            return False
        self.fuse -= 1
        return self.fuse == 0

    def crash(self) -> None:
        """End at once: no further step of the process is taken, and no ``finally`` is run."""
        self.end("crashes")

    def end(self, how: str) -> None:
        """Take no further step of the process; the story tells how it has ended."""
        if self.alive:
            self.alive = False
            self.loop.forget(self)
            self.loop.note(f"{self.name} {how}")
            self.on_end(self)


CURRENT: Final = ContextVar[Process]("process")
"""The process of the running task, callback or thread, which its tasks and threads inherit."""
