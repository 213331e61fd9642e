"""What the words of an export probably mean: categories, offences, grades and lines.

These are guesses for a person to correct: the first pattern that a value matches decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

INCIDENTS: Sequence[tuple[str, str]] = (
    (r"\b(air(craft|plane)|plane|helicopter)\b", "special_service"),
    (r"barricad|hostage", "violence"),
    (r"\b(injured|dangerous|stray|sick|dead)( /|/|,)? ?(\w+ )?animal", "special_service"),
    (r"collision|accident(?!al)|\b(mva|mvc|rtc|rta)\b|crash|hit (and|&) run|\bveh(icle)? col\b",
     "road_collision"),
    (r"alarm|\balrm\b|(detector|sprinkler|system) activation", "alarm"),
    (r"theft|burgl|robb|larcen|fraud|shoplift|stolen|vandal|trespass|forger|mischief",
     "crime_report"),
    (r"\bb ?& ?e\b|break(ing)?.?(in\b|(and|&) enter)|unauthori[sz]ed use", "crime_report"),
    (r"\brape|arson|kidnap|abduct|embezz", "crime_report"),
    (r"suspicious|prowler|\bsusp(?!ects?\b)", "suspicious"),
    (r"traffic|parking|\broad\b|\bdu?wi\b|\bdui\b|speeding|motorist|highway", "road_related"),
    (r"(abandoned|disabled) (vehicle|veh|auto|car)\b", "road_related"),
    (r"domestic|\bdomstc", "domestic"),
    (r"mental|suicid|psyc|behav", "mental_health"),
    (r"missing|runaway", "missing_person"),
    (r"sudden death|\bdoa\b|deceased|\bdead\b|death invest", "sudden_death"),
    (r"welfare|well.?being|check (on )?(person|well)", "concern_for_safety"),
    (r"shots|shoot|\bstab(b|s|\b)|assault|\basslt|fight|violen|\bgun\b|batter|homicid",
     "violence"),
    (r"\bfire\b(?! dep| dist| prot)|smoke|gas (leak|odou?r)|burning|explosion|^f/", "fire"),
    (r"\bems\b|medic|cardiac|heart|breath|seiz|\bsick|injur|\binj\b|\bfalls?\b|chest|uncons",
     "medical"),
    (r"stroke|overdose|ambul|ha?emorr|bleed|diabet|aid response|abdominal|allerg|\bchok",
     "medical"),
    ((r"child ?birth|matern|pregnan|\blabou?r\b|faint|syncop|headache|\bpain\b|trauma|eye prob|"
     r"poison|(heat|cold) exposure|hypotherm|drown|unrespons|convuls|\bcpr\b"), "medical"),
    (r"in.progress", "crime_in_progress"),
    (r"drug|narcot", "crime_report"),
    ((r"nuisance|noise|disturb|disorder|loiter|loud|rowdy|anti.?social|firework|drunk|intox|"
     r"bark"), "asb.nuisance"),
    (r"harass|stalk", "asb.personal"),
    (r"graffiti|litter|dumping|fly.?tip", "asb.environmental"),
    (r"lift assist|assist invalid|lock.?(out|in)\b|animal|hazmat|rescue|^s/s", "special_service"),
)  # fmt: skip
INCIDENT_HINTS: Sequence[tuple[str, str]] = (
    (r"weapon|firearm|knife", "violence"),
    (r"family", "domestic"),
    (r"crisis", "mental_health"),
    (r"concern", "concern_for_safety"),
    (r"threat", "asb.personal"),
    (r"crim|\bsex|indecen|obscene", "crime_report"),
    (r"neighbo", "asb.nuisance"),
    (r"\b(pt|patient)\b", "medical"),
    (r"assist|\basst\b|\blift|locked|water|service", "special_service"),
    (r"hazard|chemical|carbon monoxide|power.?line|electric", "special_service"),
    (r"vehicle|\bveh\b", "road_related"),
)
"""Words that make a category likely, where none of `INCIDENTS` is among them."""
GENERAL = frozenset({"road_collision", "road_related", "special_service", "crime_report"})
"""Categories that a more special word beside them does not make doubtful, nor the other way."""
OFFENCES: Sequence[tuple[str, str]] = (
    (r"homicide|murder|manslaughter", "violence.homicide"),
    (r"violen.*sexual", "violence_and_sexual"),
    (r"\brape", "sexual.rape"),
    (r"sex|indecen|molest|lewd", "sexual.other"),
    (r"robb.*(business|commercial|bank)", "robbery.business"),
    (r"robb", "robbery.personal"),
    (
        r"(burgl|break.*enter|b ?& ?e).*((?<!non)(?<!non[ -])resid|dwell|home|house)",
        "burglary.residential",
    ),
    (r"burgl|break.*enter|b ?& ?e", "burglary.business_community"),
    (r"shoplift", "shoplifting"),
    (r"bicycle|\bbike", "bicycle_theft"),
    (r"vehicle|\bauto|motor|carjack", "vehicle"),
    (r"(theft|larcen).*person|pick.?pocket|purse", "theft_from_person"),
    (r"theft|larcen|stolen|embezz|fraud|steal", "other_theft"),
    (r"damage|arson|vandal|mischief|graffiti", "damage_arson"),
    (r"drug|narcot|controlled sub|marij|cannab|cocaine", "drugs"),
    (r"weapon|firearm|\bgun\b|knife", "weapons"),
    (r"aggravated|wound|\bgbh\b|with injury|felonious assault", "violence.with_injury"),
    (r"assault|batter|violen|threat|kidnap|harass|stalk|intimid", "violence.without_injury"),
    (r"disorder|public|disturb|trespass|nuisance|liquor|drunk", "public_order"),
)
GRADES: Sequence[tuple[str, str]] = (
    (r"^non.?emerg", "priority"),
    (
        r"no.?(attend|deploy|dispatch|response)|resolved|advice|telephone|\bno action",
        "no_attendance",
    ),
    (r"emerg|immediate|critical|life|urgent|^(grade )?(i|one)$|\bhot\b|echo|delta", "emergency"),
    (r"priorit(y|ies)$|prompt|significant|high|^(grade )?(ii|two)$|charlie", "priority"),
    (r"schedul|routine|standard|low|medium|appointment|planned|non|alpha|bravo", "scheduled"),
)
MARKER_PATTERNS: Sequence[tuple[str, str]] = (
    (r"domestic|\bda\b|\bdv\b", "domestic_abuse"),
    (r"\bhate|racis|racial|homophob|transphob|disablist|faith hate", "hate"),
    (r"\bcse\b|sexual exploit", "cse"),
    (r"child|\bcar\b|safeguarding|\bcp\b", "child_at_risk"),
    (r"vulnerab|\bvaar?\b|adult at risk", "vulnerable_adult"),
    (r"cyber|online|internet", "cyber"),
    (r"alcohol|drunk|intox", "alcohol"),
    (r"business|commercial", "business"),
    (r"\brural", "rural"),
)
CHANNELS: Sequence[tuple[str, str]] = (
    (r"web ?chat|\bchat|live ?chat", "webchat"),
    (r"\btext|\bsms", "text"),
    (r"online|web|digital|e.?mail|form", "online"),
    (r"\b999|\b112", "999"),
    (r"\b101", "101"),
)
ABANDONED = r"abandon|hang|hung|lost|miss|drop|unanswer|not answer|no answer"
ANSWERED = r"answer|agent|connect|handled|success|served|complete|transfer"


class ValueWords(NamedTuple):
    """What the values of a column mean: by sure patterns, by hints, else `default`."""

    sure: Sequence[tuple[str, str]]
    hints: Sequence[tuple[str, str]]
    default: str
    general: frozenset[str] | None = None
    """Where other sure patterns that a value fits make a guess doubtful: what never does."""


CATEGORIES = ValueWords(INCIDENTS, INCIDENT_HINTS, "other", GENERAL)
CRIMES = ValueWords(OFFENCES, (), "other_crime")


class ValueGuess(NamedTuple):
    """What a value means, and whether that is sure."""

    name: str
    sure: bool


def guessed(value: str, words: ValueWords) -> ValueGuess | None:
    """What a value means; None where no pattern fits it."""
    text = value.casefold()
    fitting = dict.fromkeys(name for pattern, name in words.sure if re.search(pattern, text))
    if not fitting:
        hint = translated(value, words.hints, "")
        return ValueGuess(hint, False) if hint else None
    first, *others = fitting
    general = words.general
    doubtful = general is not None and first not in general and not general.issuperset(others)
    return ValueGuess(first, not doubtful)


def translated(value: str, table: Sequence[tuple[str, str]], default: str) -> str:
    """What a value means by a table of patterns."""
    text = value.casefold()
    return next((name for pattern, name in table if re.search(pattern, text)), default)


def grades(values: Sequence[str]) -> Mapping[str, str] | None:
    """Grades of a column's values: by their words, or numbers with the smallest most urgent."""
    numbers = [re.fullmatch(r"(?:p|priority|grade|code|level|cat)?[ -]*(\d+)[a-z]?", v.casefold())
               for v in values]  # fmt: skip
    ranked = sorted({int(found[1]) for found in numbers if found})
    if len(ranked) > 1 and sum(map(bool, numbers)) * 2 >= len(values):
        # What is no number among them ("1 or 2") has no grade.
        names = {n: ("emergency", "priority", "scheduled")[min(r, 2)] for r, n in enumerate(ranked)}
        return {v: names[int(found[1])] for v, found in zip(values, numbers, strict=True) if found}
    words = {value: translated(value, GRADES, "") for value in values}
    known = [word for word in words.values() if word]
    if len(known) * 2 < len(words):
        return None
    return {value: word or "scheduled" for value, word in words.items()}


def lines(values: Sequence[str]) -> Mapping[str, str] | None:
    """Telephone lines of a column's values; None where none is told by its name."""
    found: dict[str, str] = {}
    for value in values:
        text = value.casefold()
        if re.search(r"(?<!\d)(101|311)(?!\d)|non.?emerg|general|switchboard", text):
            found[value] = "101"
        elif re.search(r"(?<!\d)(999|911|112)(?!\d)|emerg", text):
            found[value] = "999"
    return found or None
