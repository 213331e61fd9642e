"""Whether what a monitor answers is as its JSON Schema in docs/schemas says."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
PATHS = ("/board.json", "/series.json", "/alerts.json")


@cache
def validator(path: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / f"{path[1:].removesuffix('.json')}.schema.json").read_text())
    return Draft202012Validator(schema)


def check(url: str, status: int, answer: bytes | str) -> None:
    """Raises where the answer of one of `PATHS` is not as it is described."""
    path = urlsplit(url).path
    if path in PATHS and status == 200:
        validator(path).validate(json.loads(answer))
