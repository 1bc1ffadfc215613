"""The worker of one subscriber: consuming, batching, acknowledging."""
