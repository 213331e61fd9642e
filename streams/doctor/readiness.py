"""Whether the processes that run say that their figures may be relied on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.doctor.asking import Answer, ask
from streams.doctor.finding import Examined, Finding, Unknown, examined
from streams.doctor.setup import Setup

CHECK = "readiness"
NOT_READY = 503


def check(setup: Setup) -> Examined:
    """Asks `/readyz` of each."""
    if not setup.workers:
        raise Unknown("name the addresses of workers and front: --worker URL")
    answers = {url: ask(url, "/readyz", setup.token) for url in setup.workers}
    ready = sum(answer.status == 200 for answer in answers.values())
    return examined(CHECK, f"{ready} of {len(answers)} are ready", of_answers(answers))


def of_answers(answers: Mapping[str, Answer]) -> Iterator[Finding]:
    """Why they are not ready, reason by reason."""
    for url, answer in answers.items():
        said = answer.json()
        reasons = said.get("reasons", []) if isinstance(said, dict) else []
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
                yield Finding(subject=url, problem=problem, cure=cure)
        elif answer.status == NOT_READY:
            why = said.get("detail") or said.get("workers") or said.get("state") or "no reason"
            cure = f"Look at its log, and at {url}/about; where it asks who you are: --token-file"
            yield Finding(subject=url, problem=f"is not ready: {why}", cure=cure)
        elif answer.status != 200:
            problem = f"answers {answer.status} to /readyz"
            cure = "Name the address of a worker or a front, as its log says: serving http://..."
            yield Finding(subject=url, problem=problem, cure=cure)
