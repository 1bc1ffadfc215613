"""Use cases, ports, and the relay and sender of the outbox."""
