"""The lines of a file as text, with limits, so that no file takes more memory than another."""

import re
from typing import BinaryIO, Final, Self

from reading_club.service.book_files.rows import FileRefused, RowRefused

MOST_BYTES: Final = 64_000_000
"""The size of a file: a library of 200,000 books with reviews of 100 characters."""
LONGEST_LINE: Final = 100_000
"""Bytes of a line."""
LONGEST_ROW: Final = 200_000
"""Characters of a row, which has several lines if a text in quotes has."""

_OTHER_KINDS: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    b"\xd0\xcf\x11\xe0": "old-excel",
    b"%PDF-": "pdf",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""The reason to refuse a file that begins with these bytes."""
_ZIP: Final = b"PK\x03\x04"
_IN_EXCEL: Final = (b"[Content_Types].xml", b"xl/", b"_rels/")
_IN_OPEN_DOCUMENT: Final = b"application/vnd.oasis.opendocument"
_PAGE: Final = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


class Lines:
    """Iterates over the lines of a file, each with its line end.

    ``number`` is the number of the last line, the first is 1. Iteration continues after
    RowRefused, with the next line, and ends with FileRefused.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.number = 0
        self._file = file
        self._bytes = 0
        self._row = 0
        self._again: str | None = None

    def start_row(self) -> None:
        """Count the characters of a row from here."""
        self._row = 0

    def give_back(self, line: str) -> None:
        """Return this line again, as the next one."""
        self._again = line
        self.number -= 1

    def first(self) -> str:
        """Return the first line. Raises FileRefused for a file that is no text, or empty."""
        line = self._file.readline(LONGEST_LINE + 1)
        self._refuse_other_kinds(line)
        self.number = 1
        self._count(line)
        if len(line) > LONGEST_LINE:
            raise FileRefused("long-line", most=LONGEST_LINE)
        return self._decoded(line.removeprefix(b"\xef\xbb\xbf"))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        self.number += 1
        if self._again is not None:
            line, self._again = self._again, None
            return line
        content = self._file.readline(LONGEST_LINE + 1)
        self._count(content)
        if not content:
            raise StopIteration
        if len(content) > LONGEST_LINE:
            self._skip_rest(content)
            raise RowRefused(f"has a line of more than {LONGEST_LINE:,} bytes")
        line = self._decoded(content)
        self._row += len(line)
        if self._row > LONGEST_ROW:
            raise RowRefused(f"has more than {LONGEST_ROW:,} characters: is a quote not closed?")
        return line

    def _skip_rest(self, content: bytes) -> None:
        while content and not content.endswith(b"\n"):
            content = self._file.readline(LONGEST_LINE)
            self._count(content)

    def _count(self, content: bytes) -> None:
        self._bytes += len(content)
        if self._bytes > MOST_BYTES:
            raise FileRefused("too-large", most=MOST_BYTES // 1_000_000)

    def _decoded(self, content: bytes) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise FileRefused("not-utf-8", line=self.number) from None

    def _refuse_other_kinds(self, head: bytes) -> None:
        """Raise FileRefused for a file that begins as no CSV file does."""
        if not head:
            raise FileRefused("empty")
        for magic, reason in _OTHER_KINDS.items():
            if head.startswith(magic):
                raise FileRefused(reason)
        if head.startswith(_ZIP):
            raise FileRefused(_kind_of_zip(head + self._file.read(LONGEST_LINE)))
        if b"\0" in head:
            evenly = b"\0" in (head[1:2], head[:1])
            raise FileRefused("utf-16" if evenly else "no-text")
        if _PAGE.match(head):
            raise FileRefused("web-page")
        if b"\r" in head.rstrip(b"\r\n"):
            raise FileRefused("carriage-returns")


def _kind_of_zip(head: bytes) -> str:
    if any(name in head for name in _IN_EXCEL):
        return "excel"
    if _IN_OPEN_DOCUMENT in head:
        return "open-document"
    return "zip"
