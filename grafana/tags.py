"""The tags by which dashboards and annotations of Watchroom are found again."""

from __future__ import annotations

import hashlib

TAG = "watchroom"
CHANGE = "change"
FOLDER = ("watchroom", "Watchroom")
"""The uid and title of the folder, the same whether it is provisioned or pushed."""


def force_tag(force: str) -> str:
    """The tag of one force's annotations."""
    return f"force:{force}"


def key_tag(name: str) -> str:
    """The tag that only one annotation has; hashed, since Grafana cuts a tag at 100 letters."""
    return f"key:{hashlib.sha256(name.encode()).hexdigest()[:20]}"
