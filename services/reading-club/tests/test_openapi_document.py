"""The errors in the OpenAPI document."""

from fastapi.testclient import TestClient

from reading_club.app.web.problems import MEDIA_TYPE


def test_problems_are_the_only_errors_of_the_document(client: TestClient) -> None:
    """Errors of the API are problem+json, one status each; FastAPI's own error is gone."""
    document = client.get("/openapi.json").json()
    errors = {
        (path, status): set(response["content"])
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if not status.startswith("2") and path.startswith("/api/")
    }

    assert errors
    assert set(map(frozenset, errors.values())) == {frozenset({MEDIA_TYPE})}
    assert all(status.isdecimal() for _, status in errors)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_reviews_list_their_statuses(client: TestClient) -> None:
    """Each operation on a review lists what it answers, and If-Match where it is taken."""
    paths = client.get("/openapi.json").json()["paths"]
    operations = paths["/api/books/{id}/review"]

    statuses = {method: set(each["responses"]) for method, each in operations.items()}
    assert statuses == {
        "get": {"200", "401", "404", "422", "503"},
        "put": {"200", "201", "400", "401", "403", "404", "412", "413", "415", "422", "428", "503"},
        "delete": {"204", "401", "403", "404", "412", "422", "503"},
    }
    for method in ("put", "delete"):
        assert "If-Match" in [each["name"] for each in operations[method]["parameters"]]
    problem = operations["put"]["responses"]["422"]["content"]
    assert list(problem) == ["application/problem+json"]
