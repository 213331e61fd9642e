"""A person as the log of an alert has them: the name, and the account in brackets after it.

At many providers people choose the name that is shown, so that it may be a colleague's, or what
Watchroom calls itself. The account they can't choose.
"""

from __future__ import annotations

from streams.alerts.actions import LONGEST_NAME

LONGEST_ACCOUNT = 60
"""Characters of an account that are shown."""


def with_account(name: str, account: str) -> str:
    """A person as the log of an alert has them: "Ann Example (a.example)". The name is cut first,
    and never what stands in the last brackets."""
    if len(account) > LONGEST_ACCOUNT:
        account = account[: LONGEST_ACCOUNT - 1] + "…"
    if not name or name == account:
        return account
    return f"{name[: LONGEST_NAME - len(account) - 3].rstrip()} ({account})"
