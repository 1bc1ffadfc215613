"""The ports of accounts and what belongs to them, and of the club's settings, one a module.

Nothing of them goes over the message bus: credentials and secrets never reach the message store.
Methods of these ports are awaited in a unit of work, in one transaction with its repositories,
and may raise TransientFailure. Where two transactions want what only one can have, the second
waits, and is refused or raises WriteConflict.
"""
