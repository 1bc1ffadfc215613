"""A forked process has its own sender: lease, queue and thread."""

import subprocess
import sys

FORK = """
import asyncio, os, sys, time
from contextlib import asynccontextmanager
from reading_club.eventstream.outbox.sender import Sender
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.testing import an_event

database, publisher = InMemoryDatabase(), InMemoryPublisher()

@asynccontextmanager
async def outbox():
    yield InMemoryOutbox(database)

sender = Sender(outbox, lambda: publisher, lease=60.0)

async def commit():
    async with InMemoryUnitOfWork(sender, database) as transaction:
        await transaction.uow.messagestore.add(an_event())
        await transaction.commit()

asyncio.run(commit())
while database.outbox:  # a lock held by the thread would stay locked in the child
    time.sleep(0.001)
lease, queue, thread, lock = sender.lease, sender._queue, sender._thread, sender._lock
lock.acquire()  # as a thread of the parent may hold it at this moment
if (pid := os.fork()) == 0:
    before = len(publisher.sent)
    asyncio.run(commit())
    sender.close()
    new = sender._thread is not thread and sender.lease != lease and sender._queue is not queue
    os._exit(not (new and len(publisher.sent) == before + 1))
_, status = os.waitpid(pid, 0)
lock.release()
sender.close()
sent = len(publisher.sent) == 1 and not database.outbox and sender._thread is thread
sys.exit(os.waitstatus_to_exitcode(status) or not sent)
"""


def test_a_fork_has_a_lease_a_queue_and_a_thread_of_its_own() -> None:
    """A child sends the events it commits; the parent continues with its own sender."""
    # In a subprocess: the test process has threads, and Python warns about forks of those.
    ignore = "ignore:This process:DeprecationWarning"

    done = subprocess.run([sys.executable, "-W", ignore, "-c", FORK], timeout=60, check=False)

    assert done.returncode == 0
