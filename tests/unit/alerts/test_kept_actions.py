"""What a person does about an alert is done once it is stored, and of several holders the later
one counts."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec
import pytest

from streams.alerts.evaluation import evaluate
from streams.alerts.model import Alert, Handover, Transition
from streams.alerts.service import AlertService
from streams.alerts.store import AlertStore
from streams.board.monitor import Monitor
from streams.errors import NoAlert, NotStored
from streams.live import Live
from tests.alerting import WARWICKSHIRE, at, signal, store

NOW = at("2026-11-21 22:00")
FORCE = WARWICKSHIRE.id


class Keeper:
    """Keeps what it is given, while there is room."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once, self.room = at_once, True
        self.kept: list[Transition | Handover] = []
        self.meanwhile: Callable[[], bool] = lambda: True
        """What happens while it is stored; False where another has had the alerts since."""

    def check(self, force: str) -> None:
        pass

    def keep(self, fact: Transition | Handover) -> bool:
        if not self.room:
            raise NotStored("the disk is full")
        self.kept.append(fact)
        return self.meanwhile()


def opened(service: AlertService) -> Alert:
    (made,) = evaluate(service.stores[FORCE], [signal("2026-11-21 21:00")], [], NOW)
    return made.alert


@pytest.fixture
def service() -> AlertService:
    made = AlertService(Live(Monitor([WARWICKSHIRE]), lambda: NOW))
    made.keeper = Keeper()
    return made


def keeper(service: AlertService) -> Keeper:
    assert isinstance(service.keeper, Keeper)
    return service.keeper


def test_what_could_not_be_stored_is_not_done_and_nobody_is_told(service: AlertService) -> None:
    alert, told = opened(service), list[Transition]()
    service.subscribe(told.extend)
    keeper(service).room = False
    with pytest.raises(NotStored):
        service.act(alert.id, "acknowledge", NOW, "AB")
    with pytest.raises(NotStored):
        service.act(f"{FORCE}/shift", "hand_over", NOW, "AB", to="CD")
    assert (service.history(FORCE), told) == ([alert], [])
    assert service.view(FORCE, NOW).handovers == []
    keeper(service).room = True
    service.act(alert.id, "acknowledge", NOW, "AB")
    assert service.history(FORCE)[0].owner == "AB"
    assert told == keeper(service).kept


def test_others_have_the_monitor_while_brokers_store_what_was_done(service: AlertService) -> None:
    alert, free = opened(service), list[bool]()

    def meanwhile() -> bool:
        def look() -> None:
            free.append(service.live.lock.acquire(timeout=1))
            if free[-1]:
                service.live.lock.release()

        other = threading.Thread(target=look)
        other.start()
        other.join()
        return True

    keeper(service).meanwhile = meanwhile
    service.act(alert.id, "note", NOW, "AB", note="Seen")
    assert free == [True]


def test_what_changes_while_it_is_stored_is_decided_anew_and_nothing_is_lost(
    service: AlertService,
) -> None:
    alert, known = opened(service), service.stores[FORCE]

    def changes() -> bool:
        keeper(service).meanwhile = lambda: True
        new = msgspec.structs.replace(alert, title="of the engine", revision=2)
        known.apply(Transition(what="updated", at=alert.opened_at, alert=new))
        return True

    keeper(service).meanwhile = changes
    service.act(alert.id, "acknowledge", NOW, "AB")
    (now,) = service.history(FORCE)
    assert (now.title, now.owner, now.revision) == ("of the engine", "AB", 3)
    assert [entry.what for entry in now.log] == ["acknowledged"]


def test_what_another_has_had_meanwhile_is_decided_anew_on_what_it_has_become(
    service: AlertService,
) -> None:
    alert = opened(service)

    def taken_over() -> bool:
        keeper(service).meanwhile = lambda: True
        service.begin([FORCE], 8, [], anew=True)
        return False

    keeper(service).meanwhile = taken_over
    with pytest.raises(NoAlert):
        service.act(alert.id, "acknowledge", NOW, "AB")


def test_of_two_holders_the_later_one_counts_whatever_the_revisions() -> None:
    first, second = store(), store()
    (made,) = evaluate(first, [signal("2026-11-21 21:00")], [], NOW)
    second.generation = 4
    second.apply(made)
    taken = second.stamped(
        Transition(
            what="acknowledged",
            at=made.at,
            alert=msgspec.structs.replace(made.alert, owner="AB", revision=2),
        )
    )
    late = Transition(
        what="escalated", at=made.at, alert=msgspec.structs.replace(made.alert, revision=9)
    )
    for order in ([made, taken, late], [late, taken, made], [taken, late, made]):
        known: AlertStore = store()
        for each in order:
            known.apply(each)
        assert [alert.owner for alert in known.alerts.values()] == ["AB"]
    assert taken.generation == 4
