"""Whether the processes that run say that their figures may be relied on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streams.doctor.asking import HttpAnswer, ask
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup

CHECK = "readiness"
NOT_READY = 503


def check(setup: Setup) -> Examined:
    """Asks `/readyz` of each."""
    if not setup.workers:
        raise NotKnown("name the addresses of workers and front: --worker URL")
    answers = {url: ask(url, "/readyz", setup.token) for url in setup.workers}
    ready = sum(answer.status == 200 for answer in answers.values())
    found = of_answers(answers, token=setup.token is not None)
    return examined(CHECK, f"{ready} of {len(answers)} are ready", found)


def reasons_of(said: Any) -> list[dict[str, str]]:
    """The reasons in an answer of `/readyz`; none where it gives none."""
    found = said.get("reasons") if isinstance(said, dict) else None
    return found if isinstance(found, list) else []


def of_answers(answers: Mapping[str, HttpAnswer], *, token: bool = False) -> Iterator[Finding]:
    """Why they are not ready, reason by reason; `token`: whether they were asked with one."""
    for url, answer in answers.items():
        said = answer.json()
        reasons = reasons_of(said)
        if answer.status == 0:
            yield Finding(
                subject=url,
                problem=f"nothing answers: {answer.error}",
                cure="Start it, and look at its log. If it runs, its web server is deaf, or "
                "another address is meant: ss -ltnp",
            )
        elif reasons:
            for each in reasons:
                cure = f"{each['cure'].rstrip('.')}. See docs/runbooks/{each['runbook']}.md"
                problem = f"{each['code']}: {each['problem']}"
                yield Finding(subject=each.get("worker") or url, problem=problem, cure=cure)
        elif answer.status == NOT_READY:
            workers = said.get("workers") or {}
            listed = ", ".join(f"{worker}: {state}" for worker, state in workers.items())
            why = said.get("detail") or listed or said.get("state") or "no reason"
            withheld = "reasons" not in said
            cure = _who_may_know(token) if withheld else f"Look at its log, and at {url}/about"
            yield Finding(subject=url, problem=f"is not ready: {why}", cure=cure)
        elif answer.status != 200:
            problem = f"answers {answer.status} to /readyz"
            cure = "Name the address of a worker or a front, as its log says: serving http://..."
            yield Finding(subject=url, problem=problem, cure=cure)


def _who_may_know(token: bool) -> str:
    """What to do where one says why only to those who may view."""
    if token:
        return (
            "It does not know this token, and says why only to who may view. A worker behind a "
            "front knows only the front: name the front's address"
        )
    return "It says why only to who may view: name a file with a token of that role (--token-file)"
