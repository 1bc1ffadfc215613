"""Use cases, projections, and the ports to repositories and read models."""
