"""Plays a history under several settings at the same time, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import msgspec

from streams.backtest.known import load_known
from streams.backtest.playing import Played, Progress, play
from streams.backtest.settings import BacktestSettings, load_settings, own
from streams.config.force import Force, find_force
from streams.errors import WatchroomError
from streams.sources.order.play import Readable
from streams.sources.stops import Stopped, Stops

EVERY = 0.1
"""Seconds between two looks at whether a stop is asked for, and between two words on how far a play
is."""

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Played).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A history to be played under some settings. It can be sent to another process: `open` is a
    function of a module, or a method of what can be sent. Instants and the lag are in ms."""

    open: Callable[[Iterable[Force]], Readable]
    force: str
    settings: Path | None
    """None stands for those of the force's file."""
    truth: Path | None = None
    start: int | None = None
    end: int | None = None
    lag: int
    letters: Path | None = None
    """Where refused rows are written."""

    def made(self) -> BacktestSettings:
        """Its settings; raises `ConfigError`."""
        force = find_force(self.force)
        return own(force) if self.settings is None else load_settings(self.settings, force)

    def play(self, stops: Stops, progress: Callable[[Progress], None]) -> Played:
        """Plays it in this process; raises `WatchroomError`."""
        settings = self.made()
        return play(
            self.open([settings.force]),
            settings,
            stops=stops,
            events=None if self.truth is None else load_known(self.truth, settings.force)[0],
            start=self.start,
            end=self.end,
            lag=self.lag,
            letters=self.letters,
            progress=progress,
        )


def play_all(
    tasks: Sequence[Task], stops: Stops, progress: Callable[[int, Progress], None]
) -> list[Played]:
    """Plays every task; `progress` is given its place and how far it is. One alone is played in
    this process. A stop ends all of them, and what they found until then is returned.

    Raises `WatchroomError` where one of them can't be played, and `Stopped` where it is asked a
    second time."""
    if len(tasks) == 1:
        return [tasks[0].play(stops, lambda far: progress(0, far))]
    plays = _Plays(tasks, progress)
    stopped = 0
    try:
        with stops.held_back():
            plays.begin()
            plays.follow(stops)
    except Stopped as stop:
        if plays.left:
            raise
        stopped = stop.exit_code
    finally:
        plays.end()
    found = [plays.found[place] for place in range(len(tasks))]
    for each in found:
        each.stopped = stopped or each.stopped
    return found


class _Plays:
    """Processes, each of which plays a task and says how far it is, then what it has found."""

    def __init__(self, tasks: Sequence[Task], progress: Callable[[int, Progress], None]) -> None:
        # A process that is forked while others (a progress bar) run threads may hang.
        context = multiprocessing.get_context("spawn")
        self.progress = progress
        self.found: dict[int, Played] = {}
        self.left: dict[Connection, int] = {}
        """The pipes of those that are not over, with the place of the task."""
        self._begun: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
        for place, task in enumerate(tasks):
            receiver, sender = context.Pipe(duplex=False)
            self.left[receiver] = place
            process = context.Process(target=_work, args=(task, sender), daemon=True)
            self._begun.append((process, sender))

    def begin(self) -> None:
        """Starts them."""
        for process, sender in self._begun:
            process.start()
            sender.close()  # the end of the process is then the end of its pipe

    def follow(self, stops: Stops) -> None:
        """Listens until all are over; where a stop is asked for, they end between two steps."""
        ending = False
        while self.left:
            if stops.asked and not ending:
                ending = True
                for process, _ in self._begun:
                    process.terminate()
            for receiver in wait(list(self.left), EVERY):
                if isinstance(receiver, Connection):
                    self._receive(receiver)

    def _receive(self, receiver: Connection) -> None:
        place = self.left[receiver]
        try:
            message = receiver.recv()
        except EOFError:
            raise WatchroomError(
                "a process that played the history ended by itself: is there memory enough for "
                "all? Play one of the settings at a time"
            ) from None
        if isinstance(message, Progress):
            self.progress(place, message)
        elif isinstance(message, bytes):
            del self.left[receiver]
            self.found[place] = _decode(message)
        else:
            failure = WatchroomError(message[0])
            failure.exit_code = message[1]
            raise failure

    def end(self) -> None:
        """Ends those that still run."""
        for process, _ in self._begun:
            if process.pid is not None:
                process.kill()
                process.join()


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
    with Stops(signal.SIGTERM) as stops:
        try:
            sender.send(_encode(task.play(stops, _sparingly(sender))))
        except WatchroomError as error:
            sender.send((str(error), error.exit_code))
        except Stopped as stop:
            sender.send(("stopped before anything was read", stop.exit_code))
        except BrokenPipeError:
            return  # nobody waits for it any more
