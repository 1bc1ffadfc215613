"""The metrics of a process, for Prometheus."""
