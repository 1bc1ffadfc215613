"""Command handlers, one module an aggregate; ``AsyncMessageBus.scan`` finds them.

The bus reads the annotations: a handler module must not postpone their evaluation.
"""
