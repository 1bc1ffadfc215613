"""The service: it composes the packages into a club that runs."""
