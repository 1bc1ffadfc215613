"""The imports on SQL."""
