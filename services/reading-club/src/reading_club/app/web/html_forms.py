"""Forms of pages: what is shown again after an error, and where."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from python_multipart.multipart import parse_options_header

from reading_club.app.field_errors import FieldError, field_errors
from reading_club.app.web.problems import refusal_errors
from reading_club.app.web.templates import templates
from reading_club.domain.errors import Refusal

TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

FormText = Annotated[str, Form()]
"""The type of a route's argument that is a text field of a form."""


async def require_form(request: Request) -> None:
    """Respond with 415 to a body that is no form, or whose text is not in UTF-8.

    Other encodings have texts that no page and no table can hold, such as half of a surrogate pair.
    """
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type.decode("latin-1") not in TYPES:
        raise HTTPException(415, f"the body has to be {' or '.join(TYPES)}")
    if options.get(b"charset", b"utf-8").lower() not in {b"utf-8", b"utf8"}:
        raise HTTPException(415, "the text of a form has to be in UTF-8")


def errors_of(refused: ValidationError | Refusal) -> list[FieldError]:
    """Return the errors of the fields; the field ``form`` stands for the form as a whole."""
    if isinstance(refused, ValidationError):
        return field_errors(refused.errors())
    return refusal_errors(refused) or [FieldError(field="form", detail=str(refused))]


def as_sentence(error: FieldError) -> str:
    """Return the error of a field as a sentence."""
    detail = error.detail
    if detail.startswith("must "):
        name = "ISBN" if error.field == "isbn" else error.field.replace("_", " ")
        detail = f"the {name} {detail}"
    elif detail.startswith("not an "):
        detail = f"that is {detail}"
    return detail[:1].upper() + detail[1:].rstrip(".") + "."


def form_page(
    request: Request,
    template: str,
    form: Mapping[str, Any],
    errors: Sequence[FieldError] = (),
    **context: Any,
) -> HTMLResponse:
    """Return the page with what was typed, and its errors in the order of ``form``'s fields."""
    order = [*form, *(error.field for error in errors)]
    sentences = {error.field: as_sentence(error) for error in errors}
    context |= {
        "form": form,
        "errors": dict(sorted(sentences.items(), key=lambda said: order.index(said[0]))),
    }
    return templates.TemplateResponse(
        request, template, context, status_code=422 if errors else 200
    )
