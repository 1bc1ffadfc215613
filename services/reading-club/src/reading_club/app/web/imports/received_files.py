"""The file of a request, streamed to the disk."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile

from reading_club.service.book_files.rows import FileRefused

FIELD = "file"
"""The name of the field of a form that has the file."""


@asynccontextmanager
async def received_file(request: Request) -> AsyncIterator[BinaryIO]:
    """Yield the file of a form, or else the body itself, from its beginning.

    It is on the disk, without a name, and gone at the end. Raises FileRefused for a form without
    a file, FileTooLarge, and ClientDisconnect.
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=1) as form:
            file = form.get(FIELD)
            if not isinstance(file, UploadFile) or not file.filename:
                raise FileRefused("no-file")
            yield file.file
        return
    with tempfile.TemporaryFile() as body:
        async for chunk in request.stream():
            body.write(chunk)
        body.seek(0)
        yield body
