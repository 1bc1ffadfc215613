"""The ports of what members are told of: what they follow, their notices, their feeds and mail.

Nothing of them goes over the message bus: addresses and secrets never reach the message store.
Methods are awaited in a unit of work, in one transaction with its repositories, and may raise
TransientFailure.
"""
