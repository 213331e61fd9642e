"""Places beside each other on one screen: several forces, or the areas of one, each with the state
of its figures.

Pure. A place's figures are those of its own first screen, so nothing stands here that reads
otherwise one step down; only of alerts an area has those that are about it or lie in it, since one
about the whole force would stand at every area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from streams.board.model import AreaDefinition, Board, ForceShown, Status
from streams.config.schema import AREA_CLASS, AreaOrder, WallboardSettings
from streams.outputs.wallboard.board_by_area import BoardByArea
from streams.outputs.wallboard.screen import (
    AlertShown,
    AlertsState,
    AlertsTile,
    HandlersTile,
    OpenTile,
    RateTile,
    Screen,
    TileState,
    UnattendedTile,
    WaitingTile,
    alerts_tile,
    screen_of,
)

COMPARED = ("waiting", "in_time", "unattended", "attended", "open", "handlers", "alerts")
"""The kinds of tile that places are compared by; the others are of a force as a whole."""

Urgency = Literal[TileState, "page", "notice", "taken", "state"]
RANKS: tuple[Urgency, ...] = (
    "page",
    "breached",
    "late",
    "notice",
    "approaching",
    "unknown",
    "taken",
    "state",
    "calm",
    "unjudged",
)
"""The states of figures and of alerts, the one that needs somebody first at the beginning."""


class AlertsBrief(Struct):
    """How many alerts are open at a place, how many of them nobody has, and the most urgent."""

    state: AlertsState
    open: int
    alone: int
    first: AlertShown | None


Figure = WaitingTile | RateTile | UnattendedTile | OpenTile | HandlersTile | AlertsBrief


class PlaceShown(Struct):
    """A force (`id` is None) or one of its areas."""

    id: str | None
    name: str
    state: Urgency
    """The one of its figures' that needs somebody first."""
    figures: dict[str, Figure]
    """By tile."""


class AreaKindShown(Struct):
    """A kind of area that may be chosen."""

    id: str
    words: str


class Places(Struct):
    """What a screen of several places says of one force."""

    force: ForceShown
    at: str
    speed: float
    """As of a first screen."""
    status: Status | None
    tiles: list[str]
    """What places are compared by, in this order."""
    order: AreaOrder
    kind: str | None
    """Of the areas; None where only the force is shown."""
    kinds: list[AreaKindShown]
    """The kinds of area that the force has."""
    places: list[PlaceShown]
    """The force as a whole, and then its areas as the force's file lists them."""


def places(
    board: Board, settings: WallboardSettings, kind: str | None = None, *, areas: bool = False
) -> Places:
    """A force as a whole, with `areas` also those of a kind, as they are there now; by default the
    kind that the force's file names, else the smallest. While no area is there, only the force.

    Raises ValueError for a kind of which the force has no area.
    """
    held = board.definitions.areas
    kinds = list(dict.fromkeys(each.kind for each in held.values()))
    shown: list[str] = []
    if areas:
        kind = kind or settings.areas or _smallest(held)
        if kind is not None and kind not in kinds:
            known = f"only: {', '.join(kinds)}" if kinds else "it has no areas"
            raise ValueError(f'no areas of kind "{kind}" in {board.force.name}, {known}')
        shown = [name for name, each in held.items() if each.kind == kind and each.there]
    by_area = BoardByArea(board)
    whole = screen_of(by_area, None, settings.tiles, alerts_tile(board, None, settings.roles))
    tiles = [tile for tile in whole.tiles if _compared(tile, settings)]
    return Places(
        force=board.force,
        at=board.at,
        speed=whole.speed,
        status=board.status,
        tiles=tiles,
        order=settings.area_order,
        kind=kind if areas else None,
        kinds=[AreaKindShown(each, kind_in_words(each)) for each in kinds],
        places=[
            _place(None, board.force.name, whole, tiles),
            *(_area(by_area, name, tiles, settings) for name in shown),
        ],
    )


def fingerprint(shown: Places) -> Places:
    """The screen without what only says that time has passed: equal ones need not be sent again."""
    return msgspec.structs.replace(shown, at="")


def _compared(tile: str, settings: WallboardSettings) -> bool:
    """Whether places are compared by a tile; by handlers only where the force's file asks."""
    kind = tile.partition(".")[0]
    return kind in COMPARED and (kind != "handlers" or settings.tiles is not None)


def _smallest(held: Mapping[str, AreaDefinition]) -> str | None:
    """The kind of the areas that are there and hold no others; of several the first. None while no
    area is there."""
    parents = {each.parent for each in held.values() if each.there}
    found = (
        each.kind
        for name, each in held.items()
        if name not in parents and each.there and each.kind != AREA_CLASS
    )
    return next(found, None)


def kind_in_words(kind: str) -> str:
    """The areas of a kind: "policing areas"."""
    words = kind.replace("_", " ")
    return "classes of areas" if kind == AREA_CLASS else f"{words}s"


def _area(
    by_area: BoardByArea, area: str, tiles: Sequence[str], settings: WallboardSettings
) -> PlaceShown:
    alerts = alerts_tile(by_area.board, by_area.within(area), settings.roles)
    screen = screen_of(by_area, area, tiles, alerts)
    return _place(area, by_area.areas[area].name, screen, tiles)


def _place(ident: str | None, name: str, screen: Screen, tiles: Sequence[str]) -> PlaceShown:
    figures = {tile: figure for tile in tiles if (figure := _figure(screen, tile)) is not None}
    states: list[Urgency] = [
        each.state
        for each in figures.values()
        if not isinstance(each, HandlersTile) and not _nowhere(each)
    ]
    return PlaceShown(ident, name, min(states, key=RANKS.index, default="unjudged"), figures)


def _nowhere(figure: Figure) -> bool:
    """Whether it is not known only because some wait of whom no area is known: this would say of
    every area that somebody is needed there, and stands at the force as a whole."""
    if not isinstance(figure, WaitingTile | UnattendedTile):
        return False
    return bool(figure.unplaced) and not figure.count


def _figure(screen: Screen, tile: str) -> Figure | None:
    """The figure of a tile; None where the place can't have it."""
    kind, _, line = tile.partition(".")
    if kind == "waiting":
        return screen.waiting[line]
    if kind == "in_time":
        return screen.in_time[line]
    if kind == "open":
        rows = screen.open.rows
        return msgspec.structs.replace(screen.open, rows=rows and rows[:1])
    if kind == "handlers":
        return screen.handlers
    if kind == "alerts":
        return None if screen.alerts is None else _brief(screen.alerts)
    return screen.unattended if kind == "unattended" else screen.attended


def _brief(alerts: AlertsTile) -> AlertsBrief:
    alone = sum(each.alone for each in alerts.open)
    first = alerts.open[0] if alerts.open else None
    return AlertsBrief(alerts.state, len(alerts.open), alone, first)
