"""What all parts of one simulation share."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from streams.config.force import Force
from streams.sources.simulator.agenda import Agenda
from streams.sources.simulator.arrivals import Rates
from streams.sources.simulator.writer import Writer


@dataclass(frozen=True)
class World:
    """One force, at its rates, with what happens next and who writes it down.

    What no figure of volumes or times hangs on (markers, units) is drawn from `details`, so that it
    can be drawn otherwise and leaves these figures as they are.
    """

    force: Force
    rates: Rates
    rng: Random
    details: Random
    agenda: Agenda
    writer: Writer
