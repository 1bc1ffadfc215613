"""Why the certificate of a server is refused, in words without addresses."""

from collections.abc import Mapping
from ssl import SSLCertVerificationError
from typing import Final

REASONS: Final[Mapping[int, str]] = {
    10: "it has expired",
    18: "it is signed by itself",
    19: "none of the given authorities has signed it",
    20: "none of the given authorities has signed it",
    62: "it is for another host name",
    64: "it is for another address",
}
"""Reasons by OpenSSL's code of a failed verification."""


def certificate_fault(error: BaseException) -> str | None:
    """Return why a server's certificate is refused; None for an error of another origin.

    Clients wrap OpenSSL's error, whose own text would have the host name.
    """
    origin: BaseException | None = error
    while origin is not None:
        if isinstance(origin, SSLCertVerificationError):
            reason = REASONS.get(origin.verify_code, f"OpenSSL's code is {origin.verify_code}")
            return f"its certificate is refused: {reason}"
        origin = origin.__cause__ or origin.__context__
    return None
