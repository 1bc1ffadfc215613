"""Links with a secret, which are shown once."""

from urllib.parse import urlencode

from fastapi import Request


def secret_link(request: Request, path: str, secret: str) -> str:
    """Return the absolute URL of a page of this club that takes the secret as ``token``.

    It begins with the public origin, if one is set, or else as the request's URL.
    """
    origin = request.app.state.policy.origin or str(request.base_url).rstrip("/")
    return f"{origin}{path}?{urlencode({'token': secret})}"
