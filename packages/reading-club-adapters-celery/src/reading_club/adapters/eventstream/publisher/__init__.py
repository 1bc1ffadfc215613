"""Sending windows of events, with a word on each of them."""

from reading_club.adapters.eventstream.publisher.publisher import PUBLISH_TIMEOUT, BatchPublisher

__all__ = ["PUBLISH_TIMEOUT", "BatchPublisher"]
