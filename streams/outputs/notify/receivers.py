"""Who is sent which messages.

*Of the installation*: `WATCHROOM_NOTIFY` (addresses between blanks), or the file that
`WATCHROOM_NOTIFY_FILE` names, an address a line. Before an address may stand the severities that it
takes: `page,notice mailtos://...`.

*Of a force*: `[notify]` of its file. Its alerts then go to these receivers, and to those of the
installation no more. With `trial = true` they go to nobody.

A state is shown on the board and sent to nobody who does not name that severity.

Addresses hold passwords, so a force's file names only where each is: a variable or a file.

Receivers may share one address. That is one link: it is sent each message once, and where it is
dead, that is one alert, which is sent by the others (`channels_for`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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

    def serves(self, force: str) -> bool:
        """Whether it is sent alerts of a force."""
        return force == self.force if self.force else force not in self.others

    def takes(self, alert: Alert) -> bool:
        """Whether it is sent messages about an alert of a force."""
        return self.serves(alert.force) and alert.severity in self.severities

    def is_beside(self, lost: Receiver) -> bool:
        """Whether there is a force whose alerts both are sent."""
        if lost.force is not None:
            return self.serves(lost.force)
        return self.force is None or lost.serves(self.force)

    def takes_loss(self, lost: Link) -> bool:
        """Whether it is sent that another link is dead: where it serves a force that this one
        served, whatever severities it takes, since messages about that force are missing; and where
        it is of the installation and takes notices, since who keeps that has to mend the link."""
        if any(self.is_beside(each) for each in lost.receivers):
            return True
        return self.force is None and "notice" in self.severities


class Link(NamedTuple):
    """One address, with all receivers that share it."""

    channel: Channel
    receivers: tuple[Receiver, ...]

    @property
    def label(self) -> str:
        """What its receivers are called."""
        first, *others = dict.fromkeys(each.label for each in self.receivers)
        if len(others) > 1:
            return f"{first} and {len(others)} others"
        return " and ".join((first, *others))

    def serves(self, force: str) -> bool:
        """Whether it is sent alerts of a force."""
        return any(each.serves(force) for each in self.receivers)

    def takes(self, alert: Alert) -> bool:
        """Whether it is sent messages about an alert of a force."""
        return any(each.takes(alert) for each in self.receivers)


def links(receivers: Iterable[Receiver]) -> dict[str, Link]:
    """The links of receivers, by the names of their channels."""
    found: dict[str, list[Receiver]] = {}
    for each in receivers:
        found.setdefault(each.channel.name, []).append(each)
    return {name: Link(same[0].channel, tuple(same)) for name, same in found.items()}


def channels_for(
    alert: Alert, links: Mapping[str, Link], before: Collection[str] = ()
) -> list[str]:
    """The names of the channels that are sent a message about an alert.

    That a link is dead is not sent by that link. Its end is sent by the channels that have sent a
    message about it `before`, and by no other.
    """
    if (lost := receiver_of(alert)) is None:
        return [name for name, each in links.items() if each.takes(alert)]
    if before or ends_loss(alert):
        return [name for name in links if name in before]
    if lost not in links:
        return []
    return [
        name
        for name, each in links.items()
        if name != lost and any(one.takes_loss(links[lost]) for one in each.receivers)
    ]


def ends_loss(alert: Alert) -> bool:
    """Whether an alert says that a link which was dead works again. Who was not sent yet that it
    was dead is sent neither: another dead link would send both as old news."""
    return receiver_of(alert) is not None and alert.state == "resolved"


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
    yield from _parsed([(None, environment.get(VARIABLE, "").split())], None, VARIABLE)
    if named := environment.get(FILE_VARIABLE):
        lines = _text(Path(named), named, FILE_VARIABLE).splitlines()
        numbered = [
            (number, line.split())
            for number, line in enumerate(lines, 1)
            if not line.lstrip().startswith("#")
        ]
        yield from _parsed(numbered, named, FILE_VARIABLE)


def _parsed(
    lines: Iterable[tuple[int | None, list[str]]], file: str | None, field: str
) -> Iterator[Receiver]:
    """The receivers of one place, of which each line has its number and its words; raises
    `ConfigError`."""
    chosen: tuple[int | None, str] | None = None
    """The severities that the next address takes, as they were written, and in which line."""
    for line, words in lines:
        for word in words:
            if ":" in word:
                severities = frozenset(chosen[1].split(",")) if chosen else UNNAMED
                yield Receiver(_channel(word, file, field, line), severities)
                chosen = None
            elif not frozenset(word.split(",")) <= ALL:
                raise ConfigError(
                    f'"{word}" is neither an address nor a list of severities',
                    file=file,
                    line=line,
                    field=field,
                    cure=f"Write {', '.join(sorted(ALL))}, with commas between, before the address",
                )
            elif chosen is not None:
                raise _without_address(chosen, file, field)
            else:
                chosen = line, word
    if chosen is not None:
        raise _without_address(chosen, file, field)


def _without_address(chosen: tuple[int | None, str], file: str | None, field: str) -> ConfigError:
    line, word = chosen
    return ConfigError(
        f'no address follows "{word}"',
        file=file,
        line=line,
        field=field,
        cure="Severities stand before the address that takes them: page,notice mailtos://...",
    )


def _channel(address: str, file: str | None, field: str, line: int | None = None) -> Channel:
    """The channel of an address; raises `ConfigError`, with where the address stands."""
    try:
        return channel_of(address, field)
    except ConfigError as error:
        raise ConfigError(
            error.problem, file=file, line=line, field=error.field, cure=error.cure
        ) from None


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
    severities: Sequence[str] = asked.severities or sorted(UNNAMED)
    channel = _channel(address, str(force.source), field)
    return Receiver(channel, frozenset(severities), force.id, name=f"{force.id}/{asked.name}")


def _text(path: Path, file: str, field: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        where = "" if str(path) == file else f"{path} "
        raise ConfigError(f"{where}can't be read: {why}", file=file, field=field) from None
