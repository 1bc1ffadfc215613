"""What the OpenAPI document promises, asked by requests that are made from it."""

from typing import Any, Final

import pytest
import schemathesis.openapi
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.case import Case
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reading_club.app.application import Application
from reading_club.app.testing.person import Person
from reading_club.app.testing.valid_requests import Club
from reading_club.app.web.application import create_app

AnyCase = Case[Any]
Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES: Final = 10
"""How many requests are made for each operation."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES: Final = ("visitor", "member", "organiser")
"""Who asks: each is a fixture. A club with a member has an organiser, and is claimed."""


def ask(person: Person, case: AnyCase) -> int:
    """Send a request, check the response against the document and return its status."""
    request = case.as_transport_kwargs("http://testserver")
    del request["cookies"]  # a person has cookies of their own
    if "data" in request:
        request["content"] = request.pop("data")
    answer = person.request(**request)
    case.validate_response(answer, CHECKS)
    status: int = answer.status_code
    return status


def operations() -> list[Operation]:
    """Return the operations of the document."""
    unused: Any = None  # only a request needs the application
    schema = schemathesis.openapi.from_dict(create_app(unused).openapi())
    found = list(schema.get_all_operations())
    assert all(isinstance(result, Ok) for result in found)
    return [result.ok() for result in found if isinstance(result, Ok)]


@pytest.fixture
def club(client: TestClient, application: Application) -> Club:
    """A club with a book and a reviewer."""
    assert client.portal is not None
    return Club(application, client.portal.call)


each_operation = pytest.mark.parametrize("operation", operations(), ids=lambda o: o.label)


@each_operation
def test_an_operation_succeeds(
    request: pytest.FixtureRequest, club: Club, operation: Operation
) -> None:
    """A valid request of a visitor, a member or an organiser gets a status below 300."""
    statuses: list[int] = []
    for role in ROLES:
        person: Person = request.getfixturevalue(role)
        valid = club.valid_for(operation.label)
        statuses.append(ask(person, operation.Case(**valid)))
        if statuses[-1] < 300:
            break

    assert min(statuses) < 300


@each_operation
@pytest.mark.parametrize("role", ROLES)
def test_a_response_is_documented(
    request: pytest.FixtureRequest, club: Club, operation: Operation, role: str
) -> None:
    """Valid and wrong requests get no 5xx, and only documented statuses and content types."""
    person: Person = request.getfixturevalue(role)
    cookies = dict(person.cookies)
    valid = club.valid_for(operation.label)
    path = {k: v for k, v in valid.items() if k == "path_parameters"}
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE, **path),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, **path),
    )

    @given(cases)
    @settings(
        derandomize=True,
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
        ],
    )
    def ask_anything(case: AnyCase) -> None:
        person.cookies = dict(cookies)
        ask(person, case)

    ask(person, operation.Case(**valid))
    ask_anything()
