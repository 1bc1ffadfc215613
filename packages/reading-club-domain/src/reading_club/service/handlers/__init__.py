"""One module an aggregate; ``AsyncMessageBus.scan`` finds the handlers in here.

A handler module must not postpone the evaluation of its annotations: the bus reads them.
"""
