"""The limits of files, rows and texts, and the memory that reading takes."""

import io
import tracemalloc
from contextlib import suppress
from itertools import chain, repeat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading_club.service.book_files import book_file, file_lines
from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.file_lines import LONGEST_LINE, LONGEST_ROW
from reading_club.service.book_files.rows import FileRefused, Rejection, Row

HEADER = "Title,Author,ISBN,My Review\n"


def read(content: bytes | str) -> list[Row | Rejection]:
    """Return what is read from a file with this content."""
    return list(BookFile(io.BytesIO(content.encode() if isinstance(content, str) else content)))


def refusal(content: bytes | str) -> str:
    """Return why the file is refused."""
    with pytest.raises(FileRefused) as refused:
        read(content)
    return str(refused.value)


def test_long_lines_and_rows_are_rejected() -> None:
    """The row behind a long line is read; a text without end leaves no row behind it as one."""
    long_line = f"one,{'x' * LONGEST_LINE},,\n"
    long_row = 'two,b,,"' + "x\n" * (LONGEST_ROW // 2) + '"\n'

    first, *others = read(f"{HEADER}{long_line}three,c,,\n{long_row}four,d,,\n")

    assert isinstance(first, Rejection)
    assert "a line of more than 100,000 bytes" in first.reason
    rejections = [row for row in others if isinstance(row, Rejection)]
    assert rejections[0].line == 4
    assert "a text of more than" in rejections[0].reason
    found = [row.title for row in others if isinstance(row, Row)]
    assert found == ["three"]


def test_a_row_of_many_texts_has_a_limit() -> None:
    """Each text is within its limit, and the row is not."""
    header = "Title,Author," + ",".join(f"c{n}" for n in range(3)) + "\n"
    texts = ",".join('"' + "x\n" * 45_000 + '"' for _ in range(3))

    (rejection, *_) = read(f"{header}one,a,{texts}\n")

    assert isinstance(rejection, Rejection)
    assert "more than 200,000 characters" in rejection.reason


def test_more_rows_than_the_most_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most is read, and one more is too many."""
    monkeypatch.setattr(book_file, "MOST_ROWS", 3)

    assert len(read(HEADER + "x,y,,\n" * 3)) == 3
    assert "more than 3 rows" in refusal(HEADER + "x,y,,\n" * 4)


def test_a_larger_file_than_the_most_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of lines that are left out count as well."""
    monkeypatch.setattr(file_lines, "MOST_BYTES", 2_000_000)
    row = b"x,y,,\n"

    assert len(read(HEADER.encode() + row * 3)) == 3
    assert "larger than 2 MB" in refusal(HEADER.encode() + b"x" * 2_000_000)
    assert "larger than 2 MB" in refusal(HEADER.encode() + b'x,y,,"' + (b"x" * 999 + b"\n") * 2_000)


class Endless(io.RawIOBase):
    """A file of many rows that is nowhere as a whole."""

    def __init__(self, rows: int) -> None:
        self._lines = chain([HEADER.encode()], repeat(b"one,a,,a review\n", rows))

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line."""
        del size
        return next(self._lines, b"")


def test_memory_does_not_grow_with_the_file() -> None:
    """A row is forgotten when the next one is read."""
    file = BookFile(Endless(5_000))  # type: ignore[arg-type]  # has what is used
    rows = iter(file)
    for _ in range(100):
        next(rows)
    tracemalloc.start()
    try:
        number = sum(1 for _ in rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert number == 4_900
    assert peak < 500_000


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300) | st.text(alphabet='",;\n\rx\0\t=19', max_size=80))
def test_any_bytes_have_an_answer(content: bytes | str) -> None:
    """Below a header, whatever follows gives rows and rejections, or is refused in words."""
    body = content if isinstance(content, bytes) else content.encode()
    for file in (body, HEADER.encode() + body):
        with suppress(FileRefused):
            assert all(row.line >= 1 for row in read(file))
