"""A thread pool with a bounded backlog, for calls that may hang."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

Job = tuple[Future[Any], Callable[[], Any]]


class ExecutorBusy(Exception):
    """All threads are busy and the backlog is full."""


class ExecutorClosed(Exception):
    """The executor was closed before a thread took the call."""


class BoundedExecutor:
    """Runs calls in at most ``threads`` threads, and holds at most ``backlog`` more.

    Threads are started when they are needed and, as daemons, do not keep the process from
    ending while they hang.
    """

    def __init__(self, threads: int, backlog: int) -> None:
        self._size = threads
        self._free_places = threading.Semaphore(backlog)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Return the future of the call. Raises ExecutorBusy.

        A call whose future is cancelled before a thread takes it is skipped.
        """
        if not self._free_places.acquire(blocking=False):
            raise ExecutorBusy
        future: Future[Any] = Future()
        self._jobs.put((future, call))
        if not self._idle.acquire(blocking=False):
            self._grow()
        return future

    def close(self, within: float) -> None:
        """End the threads, and wait up to ``within`` seconds for running calls.

        The futures of waiting calls raise ExecutorClosed. Submit no call afterwards.
        """
        deadline = monotonic() + within
        self._dismiss_waiting()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _grow(self) -> None:
        with self._lock:
            if len(self._threads) < self._size:
                name = f"eventstream-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _dismiss_waiting(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            if job is not None and job[0].set_running_or_notify_cancel():
                job[0].set_exception(ExecutorClosed())

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._free_places.release()
            _run(*job)
            del job  # Frees the message before the next call.
            self._idle.release()


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as exc:  # noqa: BLE001  # raised where the future is awaited
        future.set_exception(exc)
    else:
        future.set_result(result)
