"""Contract tests of the ports, which every adapter runs.

``eventstream`` has the contracts of the event stream, which serve any domain, and ``club`` those of
the club's repositories, read models and unit of work.
"""
