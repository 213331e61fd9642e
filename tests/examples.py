"""How many examples a property is tried on, by the profile of `tests/conftest.py`."""

from hypothesis import settings


def one_in(share: int) -> settings:
    """Draw one in so many of the examples of the profile, where each costs a tenth of a second or
    more: of `one_in(5)`, 5 examples in every run and 20 by night."""
    return settings(max_examples=max(1, settings().max_examples // share))
