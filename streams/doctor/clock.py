"""Whether the clocks agree: of this machine, of the workers, of the brokers; and who sets this one.

HTTP gives the time of an answer to the second (RFC 9110, 6.6.1). Brokers give theirs only by when
the log took a message, so that only a clock of theirs that is ahead is seen.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping

from streams.doctor.asking import HttpAnswer, ask
from streams.doctor.brokers import Brokers
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.setup import Setup
from streams.sources.clock import wall_clock

CHECK = "clock"
MOST = 5.0
"""Seconds by which clocks may differ: what is late or early by more is said to be."""
MEND = "timedatectl set-ntp true, then look: timedatectl; chronyc tracking"


def check(setup: Setup, state: Brokers | None) -> Examined:
    """Compares all clocks that can be read."""
    urls = [*setup.workers, *filter(None, (setup.prometheus, setup.alertmanager))]
    answers = {url: ask(url, "/healthz") for url in urls}
    newest = max(state.newest.values(), default=0) if state else 0
    synchronised = by_time_service()
    heard = [url for url, answer in answers.items() if answer.ahead is not None]
    said = f"compared with {len(heard)} servers" + (" and the brokers" if newest else "")
    if synchronised is not None:
        said += f"; its time service is {'well' if synchronised else 'not in step'}"
    findings = [
        *of_answers(answers),
        *of_log(newest, wall_clock()),
        *of_time_service(synchronised),
    ]
    return examined(CHECK, said, findings)


def of_answers(answers: Mapping[str, HttpAnswer]) -> Iterator[Finding]:
    """Servers whose clock is another."""
    for url, answer in answers.items():
        if answer.ahead is not None and abs(answer.ahead) > MOST:
            way = "ahead of" if answer.ahead > 0 else "behind"
            problem = f"its clock is {abs(answer.ahead):,.0f} s {way} that of this machine"
            yield Finding(subject=url, problem=problem, cure=f"On the one that is wrong: {MEND}")


def of_log(newest: int, now: int) -> Iterator[Finding]:
    """Brokers whose clock is ahead; both in ms, 0 where nothing was taken."""
    if (seconds := (newest - now) / 1000) > MOST:
        problem = f"the log has a message of {seconds:,.0f} s after now: their clock, or this one"
        yield Finding(subject="brokers", problem=problem, cure=f"On the one that is wrong: {MEND}")


def of_time_service(synchronised: bool | None) -> Iterator[Finding]:
    """A machine that nothing keeps in step."""
    if synchronised is False:
        problem = "nothing keeps the clock of this machine in step"
        yield Finding(subject="this machine", problem=problem, cure=MEND, grave=False)


def by_time_service() -> bool | None:
    """Whether the time service says that the clock is in step; None where it can't be asked."""
    if shutil.which("timedatectl") is None:
        return None
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip())
