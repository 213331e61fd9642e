"""What time it is by this machine's clock, for what reads what has come and for all that runs."""

from __future__ import annotations

import time


def wall_clock() -> int:
    """Now, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
