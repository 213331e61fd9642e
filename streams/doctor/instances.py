"""Whether two processes do the work of one: workers under one id, or that serve the same force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import sleep

from streams.doctor.asking import ask
from streams.doctor.brokers import BrokersClient, Member
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.readiness import reasons_of
from streams.doctor.setup import Setup

CHECK = "duplicate workers"
LOOKS, APART = 5, 0.6
"""How often the group is asked, and seconds between: two workers under one id throw each other out
about once a second."""


def check(setup: Setup, client: BrokersClient | None) -> Examined:
    """Asks the group several times, and every worker which forces it has."""
    if client is None and len(setup.workers) < 2:
        raise NotKnown("name the brokers, or the workers: --worker URL --worker URL")
    times: list[list[Member]] = []
    if client is not None:
        for n in range(LOOKS):
            if n:
                sleep(APART)
            times.append(client.members())
    served = {url: forces_of(ask(url, "/forces.json", setup.token).json()) for url in setup.workers}
    thrown_out = {url: reasons_of(ask(url, "/readyz", setup.token).json()) for url in setup.workers}
    instances = {each.instance for members in times for each in members if each.instance}
    said = f"{len(instances)} workers in {setup.group}, {len(served)} asked"
    found = [*of_members(times), *of_served(served), *of_thrown_out(thrown_out)]
    return examined(CHECK, said, found)


def forces_of(said: object) -> list[str]:
    """The forces that a worker says it has; none where it says nothing. Of a front none: it passes
    on what its workers have, and does not say which forces it would count itself."""
    try:
        if not isinstance(said, dict) or "known" not in said:
            return []
        return [str(each["id"]) for each in said["forces"]]
    except (KeyError, TypeError):
        return []


def of_members(times: Sequence[Sequence[Member]]) -> Iterator[Finding]:
    """Workers under one id: whoever of them came last has thrown the other out."""
    seen: dict[str, dict[str, str]] = {}
    for members in times:
        for each in members:
            if each.instance:
                seen.setdefault(each.instance, {})[each.member] = each.host
    for instance, members_of in sorted(seen.items()):
        if len(members_of) > 2:  # one that was started again meanwhile has two
            hosts = ", ".join(sorted(set(members_of.values())))
            yield Finding(
                subject=instance,
                problem=f"two workers have this --instance-id, and throw each other out ({hosts})",
                cure="Give each a --checkpoints folder of its own and leave --instance-id out, or "
                "name another: a copied service or a cloned machine has both copied",
            )


def of_served(served: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Forces that more than one worker serves."""
    by_force: dict[str, list[str]] = {}
    for url, forces in served.items():
        for force in forces:
            by_force.setdefault(force, []).append(url)
    for force, urls in sorted(by_force.items()):
        if len(urls) > 1:
            yield Finding(
                subject=force,
                problem=f"{len(urls)} workers serve it at the same time: {', '.join(urls)}",
                cure="Start them in the same --group, each with a --checkpoints folder of its own",
            )


def of_thrown_out(reasons: Mapping[str, Sequence[Mapping[str, str]]]) -> Iterator[Finding]:
    """Workers that say that another has their place: it waits and does not come back, so the group
    shows one worker alone."""
    for url, each in reasons.items():
        for reason in each:
            if reason["code"] == "instance":
                yield Finding(
                    subject=reason.get("worker") or url,
                    problem=reason["problem"],
                    cure=reason["cure"],
                )
