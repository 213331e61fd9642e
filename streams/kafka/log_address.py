"""How a log is named where a file may stand: `kafka://HOST:PORT,.../NAME`."""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEME = "kafka"


def address_of(place: str) -> tuple[str, str] | None:
    """The brokers and the name in `kafka://HOST:PORT,.../NAME`; None for what is no such address.

    Raises `ValueError` for one that lacks either.
    """
    if not place.startswith(f"{SCHEME}://"):
        return None
    parts = urlsplit(place)
    name = parts.path.strip("/")
    if not parts.netloc or not name or "/" in name:
        raise ValueError(
            f'"{place}" names no topic: write kafka://localhost:9092/watchroom for all input '
            "topics, or kafka://localhost:9092/watchroom.calls for one"
        )
    return parts.netloc, name
