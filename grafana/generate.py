"""The dashboards as JSON: written to `generated/`, or compared with what is there."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.committed import GENERATED
from grafana.dashboards import dashboards
from grafana.settings import with_wallboard, with_zone
from streams.registry.registry import REGISTRY, Registry


def texts(
    registry: Registry = REGISTRY, zone: str | None = None, wallboard: str | None = None
) -> dict[str, str]:
    """The JSON of every dashboard of a registry, by file name. Without a time zone it is that of
    the forces that are shipped; without an address links lead to a wallboard on this machine."""
    made = {f"{uid}.json": text for uid, text in map(_text, dashboards(registry))}
    if zone is None and wallboard is None:
        return made
    return {name: _set(text, zone, wallboard) for name, text in made.items()}


def _set(text: str, zone: str | None, wallboard: str | None) -> str:
    dashboard = json.loads(text)
    if zone is not None:
        dashboard = with_zone(dashboard, zone)
    if wallboard is not None:
        dashboard = with_wallboard(dashboard, wallboard)
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _text(builder: Dashboard) -> tuple[str, str]:
    built = builder.build()
    for number, panel in enumerate(built.panels or (), start=1):
        panel.id_val = number  # in order, so that an address of a panel stays while none is moved
    return str(built.uid), JSONEncoder(indent=2, ensure_ascii=False).encode(built) + "\n"


def write(folder: Path = GENERATED, made: dict[str, str] | None = None) -> list[str]:
    """Write what differs, remove what is no dashboard any more; return the names of both."""
    made = texts() if made is None else made
    changed = differing(folder, made)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in made:
            (folder / name).write_text(made[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def differing(folder: Path = GENERATED, made: dict[str, str] | None = None) -> list[str]:
    """The names of files that are missing, out of date, or no dashboard any more."""
    made = texts() if made is None else made
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in {*made, *there} if made.get(name) != there.get(name))
