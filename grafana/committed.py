"""The generated dashboards as they lie in the package; reading them needs no SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

GENERATED = Path(__file__).with_name("generated")


def dashboards(folder: Path = GENERATED) -> list[dict[str, Any]]:
    """Every dashboard, by uid."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
