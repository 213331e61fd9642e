"""Every error that Watchroom raises on purpose, drawn as one tree.

```
WatchroomError            anything a user can cure; the command line prints it in plain words
├── ConfigError           a force, mapping or option file is wrong (names file, field and cure)
├── SourceError           an input can't be read at all (a file that is missing or damaged)
│   └── NeedsMapping      an input is a table, and no mapping says what its columns are
├── KafkaError            the brokers, a topic or a message limit
├── CheckpointError       a checkpoint that must not be used or overwritten
├── DeclarationError      a kind of the registry names what there is not
├── NotABoard             an answer that is no board, or of another release
├── QueryError               a figure is asked for that there is not: a name, an area, a period
├── ActionError           an action on an alert that can't be done
├── NotStored             an action on an alert could not be stored, so it is not done
└── Refused               one record can't be counted: it becomes a dead letter, nothing stops
```
"""

from __future__ import annotations

from pathlib import Path

from streams.printing import masked, printable


class WatchroomError(Exception):
    """An error with a cure; `exit_code` is what the command ends with. Its text holds no password
    of an address, and holds no signs that a terminal obeys."""

    exit_code = 1

    def __init__(self, text: str = "") -> None:
        super().__init__(printable(masked(text)))


class ConfigError(WatchroomError):
    """A file that the user wrote is wrong.

    `file` and `field` say where (`areas[3].parent`), `problem` what, and `cure` what to do.
    """

    exit_code = 2

    def __init__(
        self,
        problem: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        cure: str | None = None,
    ) -> None:
        self.problem, self.file, self.line, self.field, self.cure = problem, file, line, field, cure
        where = str(file) if file is not None else ""
        if line is not None:
            where += f":{line}"
        if field:
            where += f" [{field}]" if where else field
        text = f"{where}: {problem}" if where else problem
        super().__init__(f"{text}. {cure}" if cure else text)


class SourceError(WatchroomError):
    """An input can't be read: missing, not permitted, or damaged."""


class NeedsMapping(SourceError):
    """An input is a table, and no mapping was given: an option is missing, nothing is damaged."""

    exit_code = 2


class KafkaError(WatchroomError):
    """The brokers can't be reached, a topic is missing, or a message is above a limit."""


class CheckpointError(WatchroomError):
    """A checkpoint is locked by another process or belongs to a newer owner."""


class DeclarationError(WatchroomError):
    """A kind of record is declared with a name that is of nothing."""


class QueryError(WatchroomError, ValueError):
    """A figure is asked for by a name, an area or a period that there is not."""

    exit_code = 2


class NotABoard(WatchroomError):
    """An answer is no board, or is one of a release that this one can't read."""


class ActionError(WatchroomError, ValueError):
    """An action on an alert that can't be done."""


class NoAlert(ActionError, LookupError):
    """An action on an alert that there is not."""


class NotStored(WatchroomError):
    """What a person did about an alert could not be stored for good, so it is not done."""


class Refused(WatchroomError):
    """One record can't be counted.

    `reason` is a short fixed word group (a metric label: `answered_before_offered`), `detail` a
    sentence for a person. The runner turns it into a dead letter with the raw bytes.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")
