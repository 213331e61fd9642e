"""What the reports say of people who come back: victims, defendants, nominals, missing persons; and
callers who ring again.

A repeat victim of a month is the victim of at least one other offence in the 12 months before, in
either of two allied forces. "3 or more" and "10 or more" count the offence itself.
"""

from __future__ import annotations

from streams.registry.calls import WITH_CALLER
from streams.registry.conditions import ALWAYS, Condition, has, is_
from streams.registry.incidents import MISSING
from streams.registry.indicator import Indicator
from streams.registry.indicators.crimes import IN_2016, IN_2020, REPORTS
from streams.registry.repeats import RepeatRule

DOMESTIC = has("markers", "domestic_abuse")
SEXUAL = is_("offence", "sexual")
HIGH_HARM = is_(
    "offence",
    "violence.homicide",
    "violence.with_injury",
    "sexual",
    "robbery",
    "burglary.residential",
)
"""The report does not list what it counts as high harm: a parameter."""


def people(
    name: str,
    title: str,
    definition: str,
    role: str,
    at_least: int = 1,
    when: Condition = ALWAYS,
    share_of: str = "",
    source: str = REPORTS,
) -> Indicator:
    """People with so many offences in 12 months, of whom one is in the period."""
    return Indicator(
        name,
        title,
        repeats=RepeatRule("crime", (role,), when, at_least),
        share_of=share_of,
        # Of victims and defendants alone neither: more may be more that is reported.
        polarity="down_good" if at_least > 1 else "neutral",
        definition=definition,
        source=source,
    )


def nominals(name: str, title: str, definition: str, rule: RepeatRule) -> Indicator:
    """People with several offences of high harm in the period."""
    return Indicator(
        name,
        title,
        repeats=rule,
        share_of="" if name == NOMINALS else NOMINALS,
        polarity="down_good",
        definition=f"{definition} in the period (three months in the reports)",
        source=IN_2020,
    )


def callers(name: str, title: str, at_least: int, share_of: str) -> Indicator:
    """People with so many calls in a month, of which one is in the period."""
    calls = f", with {at_least} or more calls in the month to one of these" if at_least > 1 else ""
    return Indicator(
        name,
        title,
        repeats=RepeatRule("call", ("caller",), WITH_CALLER, at_least, months=1),
        share_of=share_of,
        polarity="down_good" if at_least > 1 else "neutral",
        definition=f"People who rang in the period, each once, on any line{calls}",
    )


NOMINALS = "repeat_nominals_3plus_high_harm"
ROLES = ("victim", "suspect")
IN_PERIOD = RepeatRule("crime", ROLES, HIGH_HARM, 3, months=0, until="period")
OTHERS = "at least one other offence in the 12 months before it"

PEOPLE = (
    people("victims", "Victims", "People who are victims of an offence", "victim"),
    people("repeat_victims", "Repeat victims", f"Victims of {OTHERS}", "victim", 2,
           share_of="victims"),
    people("repeat_victims_3plus_offences", "Victims of 3 or more offences",
           "Victims of 3 or more offences in 12 months", "victim", 3, share_of="repeat_victims"),
    people("repeat_victims_10plus_offences", "Victims of 10 or more offences",
           "Victims of 10 or more offences in 12 months", "victim", 10, share_of="repeat_victims"),
    people("defendants", "Defendants", "People who are defendants in an offence", "defendant",
           source=IN_2016),
    people("repeat_offenders", "Repeat offenders", f"Defendants in {OTHERS}", "defendant", 2,
           share_of="defendants", source=IN_2016),
    people("repeat_offenders_6plus_offences", "Defendants in 6 or more offences",
           "Defendants in 6 or more offences in 12 months", "defendant", 6,
           share_of="repeat_offenders", source=IN_2016),
    people("repeat_offenders_10plus_offences", "Defendants in 10 or more offences",
           "Defendants in 10 or more offences in 12 months", "defendant", 10,
           share_of="repeat_offenders", source=IN_2016),
    people("domestic_abuse_victims", "Victims of domestic abuse",
           "Victims of an offence with the marker of domestic abuse", "victim", when=DOMESTIC),
    people("domestic_abuse_repeat_victims", "Repeat victims of domestic abuse",
           f"Victims of domestic abuse, and of {OTHERS}, of domestic abuse too", "victim", 2,
           DOMESTIC, "domestic_abuse_victims"),
    people("domestic_abuse_offenders", "Defendants in domestic abuse",
           "Defendants in an offence with the marker of domestic abuse", "defendant",
           when=DOMESTIC, source=IN_2016),
    people("domestic_abuse_repeat_offenders", "Repeat offenders in domestic abuse",
           f"Defendants in domestic abuse, and in {OTHERS}, of domestic abuse too", "defendant", 2,
           DOMESTIC, "domestic_abuse_offenders", IN_2016),
    people("sexual_offence_victims", "Victims of sexual offences",
           "Victims of a sexual offence", "victim", when=SEXUAL),
    people("sexual_offence_repeat_victims", "Repeat victims of sexual offences",
           f"Victims of a sexual offence, and of {OTHERS}, a sexual one too", "victim", 2, SEXUAL,
           "sexual_offence_victims", "Warwickshire PCC performance report Oct-Dec 2017"),
    Indicator(
        "missing_people",
        "People reported missing",
        repeats=RepeatRule("incident", ("missing",), MISSING),
        polarity="neutral",
        definition="People reported missing, each once, however often",
        source=REPORTS,
    ),
    Indicator(
        "repeat_missing_people",
        "People missing again",
        repeats=RepeatRule("incident", ("missing",), MISSING, 2),
        share_of="missing_people",
        polarity="down_good",
        definition="People reported missing who were also reported missing in the 12 months before",
        source=REPORTS,
    ),
    callers("callers", "Callers", 1, ""),
    callers("repeat_callers", "Callers who rang again", 2, "callers"),
    callers("repeat_callers_3plus_calls", "Callers with 3 or more calls", 3, "callers"),
    callers("repeat_callers_6plus_calls", "Callers with 6 or more calls", 6, "callers"),
    callers("repeat_callers_10plus_calls", "Callers with 10 or more calls", 10, "callers"),
    nominals(NOMINALS, "Nominals with 3 or more offences of high harm",
             "Victims of or suspects in 3 or more offences of high harm", IN_PERIOD),
    nominals("repeat_nominals_victims_only", "Nominals, victims only",
             "Victims of, and never suspects in, 3 or more offences of high harm",
             RepeatRule("crime", ("victim",), HIGH_HARM, 3, 0, "period", no_other=("suspect",))),
    nominals("repeat_nominals_suspects_only", "Nominals, suspects only",
             "Suspects in, and never victims of, 3 or more offences of high harm",
             RepeatRule("crime", ("suspect",), HIGH_HARM, 3, 0, "period", no_other=("victim",))),
    nominals("repeat_nominals_linked_to_domestic_abuse", "Nominals linked to domestic abuse",
             "Victims of or suspects in 3 or more offences of high harm, one domestic abuse,",
             RepeatRule("crime", ROLES, HIGH_HARM, 3, 0, "period", linked=DOMESTIC)),
    nominals("repeat_nominals_victim_and_suspect", "Nominals, victims and suspects",
             "Both victims of and suspects in 3 or more offences of high harm together",
             RepeatRule("crime", ROLES, HIGH_HARM, 3, 0, "period", all_roles=True)),
)  # fmt: skip
