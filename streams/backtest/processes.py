"""Plays a history under several settings at the same time, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import msgspec

from streams.backtest.known import load_known
from streams.backtest.playing import Played, Progress, play
from streams.backtest.settings import Settings, load_settings, own
from streams.config.force import Force, find_force
from streams.errors import WatchroomError
from streams.events.deadletters import DeadLetterFile
from streams.sources import Source
from streams.sources.stops import Stops

EVERY = 0.1
"""Seconds between two looks at whether a stop is asked for, and between two words on how far a play
is."""

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Played).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A history to be played under some settings. It can be sent to another process: `open` is a
    function of a module, or a method of what can be sent. Instants and the lag are in ms."""

    open: Callable[[Iterable[Force]], Source]
    force: str
    settings: Path | None
    """None stands for those of the force's file."""
    truth: Path | None = None
    start: int | None = None
    end: int | None = None
    lag: int
    letters: Path | None = None
    """Where refused rows are written."""

    def made(self) -> Settings:
        """Its settings; raises `ConfigError`."""
        force = find_force(self.force)
        return own(force) if self.settings is None else load_settings(self.settings, force)

    def play(self, stops: Stops, progress: Callable[[Progress], None]) -> Played:
        """Plays it in this process; raises `WatchroomError`."""
        settings = self.made()
        events = None if self.truth is None else load_known(self.truth, settings.force)[0]
        letters = None if self.letters is None else DeadLetterFile(self.letters)
        try:
            return play(
                self.open([settings.force]),
                settings,
                stops=stops,
                events=events,
                start=self.start,
                end=self.end,
                lag=self.lag,
                letters=letters,
                progress=progress,
            )
        finally:
            if letters is not None:
                letters.close()


def play_all(
    tasks: Sequence[Task], stops: Stops, progress: Callable[[int, Progress], None]
) -> list[Played]:
    """Plays every task; `progress` is given its place and how far it is. One alone is played in
    this process. A stop ends all of them, and what they found until then is returned.

    Raises `WatchroomError` where one of them can't be played."""
    if len(tasks) == 1:
        return [tasks[0].play(stops, lambda far: progress(0, far))]
    # A process that is forked while others (a progress bar) run threads may hang.
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in tasks]
    processes = [
        context.Process(target=_work, args=(task, sender), daemon=True)
        for task, (_, sender) in zip(tasks, pipes, strict=True)
    ]
    try:
        for process, (_, sender) in zip(processes, pipes, strict=True):
            process.start()
            sender.close()  # the end of the process is then the end of its pipe
        ends = {receiver: place for place, (receiver, _) in enumerate(pipes)}
        found: dict[int, Played] = {}
        asked = False
        while ends:
            if stops.asked and not asked:
                asked = True
                for process in processes:
                    process.terminate()  # it stops between two steps, and says what it found
            for receiver in wait(list(ends), EVERY):
                if isinstance(receiver, Connection):
                    _hear(receiver, ends, found, progress)
        return [found[place] for place in range(len(tasks))]
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
            if process.pid is not None:
                process.join()


def _hear(
    receiver: Connection,
    ends: dict[Connection, int],
    found: dict[int, Played],
    progress: Callable[[int, Progress], None],
) -> None:
    place = ends[receiver]
    try:
        message = receiver.recv()
    except EOFError:
        raise WatchroomError(
            "a process that played the history ended by itself: is there memory enough for two? "
            "Play one of the settings at a time"
        ) from None
    if isinstance(message, Progress):
        progress(place, message)
        return
    del ends[receiver]
    if isinstance(message, bytes):
        found[place] = _decode(message)
    else:
        failure = WatchroomError(message[0])
        failure.exit_code = message[1]
        raise failure


def _sparingly(sender: Connection) -> Callable[[Progress], None]:
    """Sends how far a play is, a few times a second."""
    sent = float("-inf")

    def send(far: Progress) -> None:
        nonlocal sent
        now = time.monotonic()
        if now - sent >= EVERY:
            sent = now
            sender.send(far)

    return send


def _work(task: Task, sender: Connection) -> None:
    """Plays a task in a process of its own, which whoever began it stops with SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Stops(signal.SIGTERM, at_once=False) as stops:
        try:
            sender.send(_encode(task.play(stops, _sparingly(sender))))
        except WatchroomError as error:
            sender.send((str(error), error.exit_code))
        except BrokenPipeError:
            return  # nobody waits for it any more
