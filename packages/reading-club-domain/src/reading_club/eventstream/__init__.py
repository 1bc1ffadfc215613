"""The event stream: outbox, inbox, dead letters and reconciler, under any domain."""
