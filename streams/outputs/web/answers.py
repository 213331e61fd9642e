"""What servers answer in the same form: JSON, errors in words, and of which force it is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

ForceOf = Callable[[str | None], str]
"""The force that a request names, or the only one; raises an `HTTPException` in words."""

_encode = msgspec.json.Encoder().encode


def as_json(content: object, status: int = 200) -> Response:
    """An answer that no cache may keep."""
    return Response(
        _encode(content), status, {"cache-control": "no-store"}, media_type="application/json"
    )


def in_words(request: Request, error: Exception) -> Response:
    """An error as JSON that a person can read."""
    if not isinstance(error, HTTPException):
        return as_json({"error": "a fault of Watchroom itself; its log says more"}, 500)
    words = error.detail
    if words == "Not Found":  # the framework's own
        words = f"there is nothing at {request.url.path}; /about says where to look"
    return as_json({"error": words}, error.status_code)
