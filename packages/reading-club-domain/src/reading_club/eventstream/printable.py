"""Text for a terminal or a log."""


def printable(text: str) -> str:
    """Escape line breaks and control characters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
