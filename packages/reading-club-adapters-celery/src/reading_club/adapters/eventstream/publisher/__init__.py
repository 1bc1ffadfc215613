"""Publishes batches of events, with a result for each event."""

from reading_club.adapters.eventstream.publisher.publisher import PUBLISH_TIMEOUT, BatchPublisher

__all__ = ["PUBLISH_TIMEOUT", "BatchPublisher"]
