"""What a person's page sends: it has to come from a page of this server, or from no page, and to be
short and soon whole."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 10_000
"""No more of a request is read."""
SENT_WITHIN = 10.0
"""Seconds in which all of a request must have come."""


def from_own_page(request: Request) -> None:
    """Refuses what another site's page sends in the name of who looks at it."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if elsewhere or site not in (None, "same-origin", "none"):
        raise HTTPException(403, "this may only be sent from Watchroom's own pages")


async def sent_from_own_page(request: Request, kind: str, words: str) -> bytes:
    """The body as it came, of this content type; raises an `HTTPException` in words, of another
    type in these."""
    from_own_page(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415, words)
    raw = b""
    try:
        async with asyncio.timeout(SENT_WITHIN):
            async for part in request.stream():
                raw += part
                if len(raw) > MOST_BYTES:
                    raise HTTPException(413, f"at most {MOST_BYTES:,} bytes")
    except TimeoutError:
        raise HTTPException(408, f"the request was not whole within {SENT_WITHIN:.0f} s") from None
    return raw
