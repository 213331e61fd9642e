"""Who is sent which messages.

*Of the installation*: `WATCHROOM_NOTIFY` (addresses between blanks), or the file that
`WATCHROOM_NOTIFY_FILE` names, an address a line. Before an address may stand the severities that it
takes: `page,notice mailtos://...`.

*Of a force*: `[notify]` of its file. Its alerts then go to these receivers, and to those of the
installation no more. With `trial = true` they go to nobody.

A state is shown on the board and sent to nobody who does not name that severity.

Addresses hold passwords, so a force's file names only where each is: a variable or a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from streams.alerts.model import Alert, Severity
from streams.alerts.rules.pipeline_unwell import receiver_of
from streams.config.force import Force
from streams.config.schema import ReceiverSettings
from streams.errors import ConfigError
from streams.outputs.notify.channels import NOBODY, Channel, Nobody, channel_of

VARIABLE, FILE_VARIABLE = "WATCHROOM_NOTIFY", "WATCHROOM_NOTIFY_FILE"
ALL: frozenset[str] = frozenset(get_args(Severity))
UNNAMED: frozenset[str] = frozenset({"page", "notice"})
"""What a receiver takes that names no severities."""


class Receiver(NamedTuple):
    """A channel, and what it takes."""

    channel: Channel
    severities: frozenset[str] = UNNAMED
    force: str | None = None
    """Whose alerts it takes; None: those of every force without receivers of its own."""
    others: frozenset[str] = frozenset()
    """The forces that have receivers of their own."""
    name: str = ""
    """By which its force's file calls it."""

    @property
    def label(self) -> str:
        """What it is called where its address must not be shown."""
        return self.name or self.channel.name

    def takes(self, alert: Alert) -> bool:
        """Whether it is sent messages about an alert. That another receiver can't be reached is
        sent to all but that one, whatever they take else."""
        if (lost := receiver_of(alert)) is not None:
            return lost != self.label
        mine = alert.force == self.force if self.force else alert.force not in self.others
        return mine and alert.severity in self.severities


def receivers(
    forces: Iterable[Force] = (), environment: Mapping[str, str] | None = None
) -> list[Receiver]:
    """All receivers; raises `ConfigError` where an address is missing or can't be read."""
    environment = os.environ if environment is None else environment
    own = [each for each in forces if each.file.notify.trial or each.file.notify.receivers]
    others = frozenset(force.id for force in own)
    found = [each._replace(others=others) for each in of_environment(environment)]
    for force in own:
        if force.file.notify.trial:
            found.append(Receiver(Nobody(), force=force.id))
            continue
        found += [
            _of_force(force, number, each, environment)
            for number, each in enumerate(force.file.notify.receivers)
        ]
    return found


def of_environment(environment: Mapping[str, str]) -> Iterator[Receiver]:
    """The receivers of the environment, and of the file that it names; raises `ConfigError`."""
    lines = environment.get(VARIABLE, "").split()
    if named := environment.get(FILE_VARIABLE):
        for line in _text(Path(named), named, FILE_VARIABLE).splitlines():
            if not line.lstrip().startswith("#"):
                lines += line.split()
    severities = UNNAMED
    for word in lines:
        if ":" in word:
            yield Receiver(channel_of(word, VARIABLE), severities)
            severities = UNNAMED
        elif (named_here := frozenset(word.split(","))) <= ALL:
            severities = named_here
        else:
            raise ConfigError(
                f'"{word}" is neither an address nor a list of severities',
                field=VARIABLE,
                cure=f"Write {', '.join(sorted(ALL))}, with commas between, before the address",
            )


def _of_force(
    force: Force, number: int, asked: ReceiverSettings, environment: Mapping[str, str]
) -> Receiver:
    """A receiver of a force's file."""
    field = f"notify.receivers[{number}]"
    if asked.nobody:
        address = NOBODY
    elif asked.address_env is not None:
        field += ".address_env"
        address = environment.get(asked.address_env, "").strip()
        if not address:
            raise ConfigError(
                f"the environment has no variable {asked.address_env}",
                file=force.source,
                field=field,
                cure="Set it to the address of the receiver; see docs/notifications.md",
            )
    else:
        field += ".address_file"
        path = Path(force.source).parent / str(asked.address_file)
        address = _text(path, force.source, field).strip()
    if len(address.split()) != 1:
        raise ConfigError(
            "holds no address: one is a line without blanks", file=force.source, field=field
        )
    try:
        channel = channel_of(address, field)
    except ConfigError as error:
        raise ConfigError(
            error.problem, file=force.source, field=error.field, cure=error.cure
        ) from None
    severities: Sequence[str] = asked.severities or sorted(UNNAMED)
    return Receiver(channel, frozenset(severities), force.id, name=f"{force.id}/{asked.name}")


def _text(path: Path, file: str, field: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        where = "" if str(path) == file else f"{path} "
        raise ConfigError(f"{where}can't be read: {why}", file=file, field=field) from None
