"""What a process need not know is not imported: it starts sooner, and with less memory."""

import subprocess
import sys

PROGRAM = """
import sys
from reading_club.app.processes import relay, web, worker
import reading_club.app.bootstrap.relay, reading_club.app.bootstrap.worker
print(*sorted({"redis", "psutil", "opentelemetry.sdk"} & set(sys.modules)))
"""


def test_a_process_imports_no_client_of_a_broker_that_it_does_not_use() -> None:
    """The client of Redis and Valkey alone is a sixth of what a worker on RabbitMQ would import."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )

    assert done.stdout.split() == []
