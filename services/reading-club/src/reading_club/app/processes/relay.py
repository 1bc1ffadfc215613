"""The relay process: relays the outbox, reconciles missing events, and deletes old rows.

It also sends the club's mail, and empties the files in which deleted rows and events are left.
"""

from contextlib import AsyncExitStack

from reading_club.app.bootstrap.database import open_heartbeats
from reading_club.app.bootstrap.mail import open_mail_sending
from reading_club.app.bootstrap.relay import open_relay
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.keep_alive import alive_file, keeping_alive
from reading_club.app.mail.mail_sending import sending_mail
from reading_club.app.metrics.server import metrics_of
from reading_club.app.processes.startup import when_available
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import report_ready
from reading_club.app.tracing import tracing
from reading_club.app.wiring import require_wiring
from reading_club.eventstream import run
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.run import RelayHooks, run_relay
from reading_club.eventstream.startup import stop_on_signals


async def relay(settings: Settings) -> None:
    """Relay events until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    Raises ConfigurationError if this release does not work with the schema, and WiringError.
    """
    require_wiring()
    async with AsyncExitStack() as stack:
        stack.enter_context(tracing(settings, "relay"))
        liveness = Liveness(settings.stalled_after)
        stack.enter_context(keeping_alive(liveness, alive_file(settings, "relay")))
        stopping = stop_on_signals()
        metrics = stack.enter_context(metrics_of(settings, "relay"))
        parts = await when_available(
            lambda: stack.enter_async_context(open_relay(settings, liveness, metrics)), stopping
        )
        if parts is not None:
            process = this_process("relay")
            hooks = RelayHooks(
                stopping,
                report_ready,
                lambda trouble: beating(
                    open_heartbeats(settings), process, trouble, alive=liveness.alive
                ),
            )
            sending = await stack.enter_async_context(open_mail_sending(settings))
            async with sending_mail(sending, liveness):
                await run_relay(parts, hooks)


async def reconcile_now(settings: Settings) -> tuple[int, bool]:
    """Requeue missing events and relay the outbox once, as ``run.reconcile_now`` does."""
    with tracing(settings, "reconcile"):
        async with open_relay(settings) as parts:
            return await run.reconcile_now(parts)
