"""Whether the records of a force are of a live feed, so that nothing made up is taken for real."""

from __future__ import annotations

from grafana.colours import ACT, FINE, NOTICE
from grafana.panels import Face, NamedRange, Panel, PanelQuery, now
from grafana.queries import FORCE, latest, pick

ORIGIN = (
    NamedRange(0, "● Live records", FINE),
    NamedRange(1, "▲ Replayed records", NOTICE),
    NamedRange(2, "▲ Simulated records among them", NOTICE),
    NamedRange(3, "▲ Simulated and replayed records", NOTICE),
)


def origin(width: int = 24, height: int = 2) -> Panel:
    """The state, in words."""
    face = Face(
        "Where the records come from",
        "A live feed, a history that is played again, or the simulator: figures of the last two "
        "are not those of the control room.",
        "none",
        width=width,
        height=height,
        none="▼ No answer",
        none_is=ACT,
        words=ORIGIN,
    )
    simulated = _some("simulated", f"0 * {pick('watchroom_ready')}")
    replayed = _some("replayed", pick("watchroom_replay"))
    return now(face, PanelQuery(f"2 * {simulated} + {replayed}", "Records"))


def _some(name: str, otherwise: str) -> str:
    """1 where there are lines of an origin; else what is given, the highest of the instances."""
    lines = latest("watchroom_lines_by_origin", FORCE, f'origin="{name}"')
    return f"max(clamp_max({lines}, 1) or {otherwise})"
