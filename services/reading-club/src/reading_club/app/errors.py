"""The error of a wrong or missing setting."""


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message says what to set."""
