"""A person at a browser, and what is read in an answer."""

import re
from typing import Any, Final

from fastapi.testclient import TestClient

HTML: Final = {"Accept": "text/html"}
SURE: Final = {"sure": "yes"}
"""A form without a field, as a browser sends it."""


class Person:
    """A person with a browser of their own: cookies apart from those of the others."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send a request with these cookies, and keep those of the response."""
        self.client.cookies.clear()
        for name, value in self.cookies.items():
            self.client.cookies.set(name, value, domain="testserver.local")
        answer = self.client.request(method, url, **options)
        self.cookies = dict(self.client.cookies)
        self.client.cookies.clear()
        return answer

    def get(self, url: str, **options: Any) -> Any:
        """Send a GET request."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        """Send a POST request."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Any:
        """Send a PUT request."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Any:
        """Send a PATCH request."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Any:
        """Send a DELETE request."""
        return self.request("DELETE", url, **options)


def problem_of(answer: Any) -> tuple[int, str]:
    """Return the status and the kind of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def id_of(person: Person) -> str:
    """Return the id of a member's account."""
    identifier: str = person.get("/api/me").json()["id"]
    return identifier


def send(person: Person, path: str, **fields: str) -> Any:
    """Send a form as a browser does."""
    return person.post(path, data=fields or SURE, headers=HTML)


def follow(person: Person, answer: Any) -> str:
    """Return the page to which a form has led."""
    assert answer.status_code == 303, answer.text
    page: str = person.get(answer.headers["location"]).text
    return page


def script_policy(page: Any) -> str:
    """Return from where the content security policy of a page lets it take scripts."""
    (sources,) = re.findall(r"script-src ([^;]+)", page.headers["content-security-policy"])
    return str(sources)
