"""Forms of pages: what is shown again after an error, and where."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from python_multipart.multipart import parse_options_header

from reading_club.app.field_errors import FieldError, detail_of, field_of
from reading_club.app.web.languages import N_, gettext
from reading_club.app.web.refusal_texts import FIELDS, refusal_text
from reading_club.app.web.templates import templates
from reading_club.domain.errors import Refusal

TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

NO_FORM: Final = N_("the body has to be application/x-www-form-urlencoded or multipart/form-data")

FormText = Annotated[str, Form()]
"""The type of a route's argument that is a text field of a form."""


async def require_form(request: Request) -> None:
    """Respond with 415 to a body that is no form, or whose text is not in UTF-8.

    Other encodings have texts that no page and no table can hold, such as half of a surrogate pair.
    """
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type.decode("latin-1") not in TYPES:
        raise HTTPException(415, NO_FORM)
    if options.get(b"charset", b"utf-8").lower() not in {b"utf-8", b"utf8"}:
        raise HTTPException(415, N_("the text of a form has to be in UTF-8"))


SUBJECTS: Final[Mapping[str, str]] = {
    "address": N_("the address"),
    "author": N_("the author"),
    "comment": N_("the comment"),
    "days": N_("the days"),
    "isbn": N_("the ISBN"),
    "name": N_("the name"),
    "new_password": N_("the new password"),
    "nickname": N_("the nickname"),
    "password": N_("the password"),
    "rating": N_("the rating"),
    "title": N_("the title"),
    "uses": N_("the uses"),
}
"""The fields of forms, as a sentence about one begins."""


def errors_of(refused: ValidationError | Refusal) -> list[FieldError]:
    """Return the errors of the fields in the request's language.

    The field ``form`` stands for the form as a whole.
    """
    if isinstance(refused, ValidationError):
        return [
            FieldError(field=field_of(error), detail=_sentence(error)) for error in refused.errors()
        ]
    return [FieldError(field=FIELDS.get(type(refused), "form"), detail=refusal_text(refused))]


def _sentence(error: ErrorDetails) -> str:
    """Return the error of a field; one that says what the field must be begins with the field."""
    english, detail = detail_of(error), detail_of(error, gettext)
    if english.startswith("not an "):
        return gettext("that is {detail}").format(detail=detail)
    if english.startswith("must "):
        field = field_of(error)
        return f"{gettext(SUBJECTS.get(field, 'the ' + field.replace('_', ' ')))} {detail}"
    return detail


def _as_sentence(detail: str) -> str:
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
    sentences = {error.field: _as_sentence(error.detail) for error in errors}
    context |= {
        "form": form,
        "errors": dict(sorted(sentences.items(), key=lambda said: order.index(said[0]))),
    }
    return templates.TemplateResponse(
        request, template, context, status_code=422 if errors else 200
    )
