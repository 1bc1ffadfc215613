"""Opens, wires and closes the adapters: the only package of the service that imports them.

Each process and command has a module here, or a function of ``database`` and ``broker``. What they
yield are ports and values.
"""
