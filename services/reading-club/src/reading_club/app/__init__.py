"""The service: web, worker and relay processes, and the command line."""
