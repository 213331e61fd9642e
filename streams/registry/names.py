"""Names of kinds, categories and offence groups as people write them."""

from __future__ import annotations

NAMES = {
    "all": "All",
    "asb": "Anti-social behaviour",
    "damage_arson": "Damage and arson",
    "theft_from_person": "Theft from the person",
    "violence_and_sexual": "Violence, sexual offences",
    "call": "calls",
    "incident": "incidents",
    "crime": "crimes",
    "reading": "readings",
}


def name(path: str) -> str:
    """A category or offence group in words: `road_collision.injury` is Road collision, injury."""
    known = NAMES.get(path)
    return known or path.replace(".", ", ").replace("_", " ").capitalize()
