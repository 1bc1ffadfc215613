"""What the calls of the tapes of a seed have returned and left."""

from hashlib import sha256


class Log:
    """What the calls of all tapes returned and left."""

    def __init__(self) -> None:
        self.comparisons = 0
        self.story: list[str] = []
        """What the calls of the last tape returned."""
        self._hash = sha256()

    @property
    def trace(self) -> str:
        """The hash of all results and rows: the same seed has the same one."""
        return self._hash.hexdigest()

    def begin(self) -> None:
        """Begin a tape."""
        self.story.clear()

    def add(self, result: str, rows: str) -> None:
        """Note what a comparison has found."""
        self.comparisons += 1
        self.story.append(result)
        self._hash.update(f"{result} {rows}\n".encode())
