"""`watchroom schemas`: the JSON Schemas of the events, one file a kind, of what is answered, and of
what a webhook is sent."""

from __future__ import annotations

import json
from pathlib import Path

import click

from streams.alerts.handing_over import ShiftLog
from streams.alerts.model import AlertList
from streams.board.model import TYPES, Series
from streams.cli.echo import echo
from streams.errors import WatchroomError
from streams.events.schema import json_schema, json_schemas
from streams.outputs.notify.message import Message
from streams.registry.registry import REGISTRY

ANSWERS: dict[str, type] = {
    "board": TYPES.board,
    "series": Series,
    "alerts": AlertList,
    "shift": ShiftLog,
}
"""What a monitor answers at `/board.json`, `/series.json`, `/alerts.json` and `/shift.json`."""


def _settled(schema: object) -> object:
    """A schema whose alternatives stand in one order, which differs between versions of msgspec."""
    if isinstance(schema, list):
        return [_settled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    settled = {key: _settled(value) for key, value in schema.items()}
    if isinstance(alternatives := settled.get("anyOf"), list):
        settled["anyOf"] = sorted(
            alternatives, key=lambda one: (one == {"type": "null"}, json.dumps(one, sort_keys=True))
        )
    return settled


def schema_texts() -> dict[str, str]:
    """The text of every schema file by file name, always formatted the same."""
    answers = {
        name: json_schema(kind, f"Watchroom: /{name}.json") for name, kind in ANSWERS.items()
    }
    answers["message"] = json_schema(Message, "Watchroom: what a webhook is sent about an alert")
    return {
        f"{name}.schema.json": json.dumps(_settled(schema), indent=2, sort_keys=True) + "\n"
        for name, schema in (json_schemas(REGISTRY.structs) | answers).items()
    }


@click.command()
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs/schemas"),
    show_default=True,
    help="Folder to write to.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail where a file is out of date.")
def schemas(out: Path, check: bool) -> None:
    """Write the JSON Schemas of the events, and of the answers of a monitor.

    \b
    Examples:
      watchroom schemas                    write docs/schemas/call.schema.json and the others
      watchroom schemas --output /tmp/schemas
      watchroom schemas --check            for a build: are they current?
    """
    texts = schema_texts()
    if check:
        stale = [name for name, text in texts.items() if _read(out / name) != text]
        if stale:
            raise WatchroomError(
                f"{out}: not current: {', '.join(stale)}. Run watchroom schemas --output {out}"
            )
        echo(f"{out}: all {len(texts)} schemas are current")
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_text(text, "utf-8")
    echo(f"{out}: wrote {', '.join(texts)}")


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None
