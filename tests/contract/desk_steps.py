"""Random histories of the desk in memory: a history is a list of steps, so that a failing one can be made shorter."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any
from uuid import UUID

from tests.contract.desk_model import DeskModel

from markaz.contracts.incidents import IncidentEvent, Stage
from markaz.programmes.incidents import domain, picture

# One step of a random history: what to do and three numbers that choose among what is there.
Step = tuple[int, int, int, int]
ACCOUNTS = (UUID("a0000000-0000-7000-8000-000000000002"), UUID("a0000000-0000-7000-8000-000000000003"))
UNRULED = ("incident.imported/1", "incident.erased/1", "account.access_changed/1", "roads.plate_seen/1")


# Events that the desk in memory has an act of its own for; the others are played by what their rule does.
OWN = {
    "incident.opened/1", "incident.changed/1", "incident.note_added/1",
    "unit.registered/1", "unit.status_changed/1", "unit.word_heard/1",
    "incident.closed/1", "incident.reopened/1",
}  # fmt: skip


def _by_effect(effect: Any) -> list[Any]:
    return [type_ for type_, rule in picture.RULES.items() if rule.effect is effect and type_ not in OWN]


def random_steps(chance: Random, count: int, among: int = 7) -> list[Step]:
    """Return `count` steps that nobody chose; a small `among` meets the same incidents and units again and again."""
    return [
        (chance.randrange(10_000), chance.randrange(among), chance.randrange(among), chance.randrange(among))
        for _ in range(count)
    ]


def play(model: DeskModel, steps: Iterable[Step], *, of_all_types: bool = False) -> None:
    """Act out a random history; `of_all_types` with every event type there is a rule for."""
    acts: list[Callable[[int, int, int], None]] = _acts(model)
    if of_all_types:
        acts += _further_acts(model)
    for which, a, b, c in steps:
        acts[which % len(acts)](a, b, c)


def _acts(model: DeskModel) -> list[Callable[[int, int, int], None]]:
    def incident(n: int) -> UUID:
        return _pick(list(model.incidents), n) if model.incidents else model.open(1 + n % 7, with_place=True)

    def unit(n: int) -> UUID:
        return _pick(list(model.units), n) if model.units else model.register_unit(1 + n % 7)

    def sent(n: int, m: int) -> tuple[UUID, UUID]:
        """Prefer a unit that was sent to the incident, so that most stages and corrections do happen."""
        chosen = incident(n)
        units = list(model.incidents[chosen].units)
        return chosen, _pick(units, m) if units else unit(m)

    def run(incident_id: UUID, unit_id: UUID, stage: Stage) -> None:
        """A unit's whole work, so that it is often free to be sent to the same incident again."""
        model.assign(incident_id, unit_id)
        model.reach(incident_id, unit_id, stage)
        model.reach(incident_id, unit_id, Stage.CLEARED)

    def on_alarm(n: int, act: Callable[[UUID], None]) -> None:
        if model.alarms:
            act(_pick(list(model.alarms), n))

    return [
        lambda a, _b, c: _drop(model.open(1 + a % 7, with_place=c % 3 > 0)),
        lambda a, _b, _c: _drop(model.register_unit(1 + a % 7)),
        lambda a, b, _c: model.assign(incident(a), unit(b)),
        lambda a, b, c: run(incident(a), unit(b), _pick(list(Stage), c)),
        lambda a, b, c: model.reach(*sent(a, b), _pick(list(Stage), c)),
        lambda a, b, c: model.reach(*sent(a, b), _pick(list(Stage), c)),
        lambda a, b, c: model.correct(*sent(a, b), void=c % 2 == 0),
        lambda a, b, _c: model.correct_past(*sent(a, b)),
        lambda a, b, _c: model.change(incident(a), territory_id=1 + b % 7),
        lambda a, b, c: model.change(incident(a), priority=str(1 + b % 4), forget=c % 2 == 0),
        lambda a, _b, _c: model.note(incident(a)),
        lambda a, _b, _c: model.close(incident(a)),
        lambda a, _b, _c: model.hear_from(unit(a)),
        lambda a, _b, _c: _drop(model.raise_emergency(unit(a))),
        lambda a, b, _c: on_alarm(a, lambda id_: model.acknowledge(id_, ACCOUNTS[b % len(ACCOUNTS)])),
        lambda a, _b, _c: on_alarm(a, model.escalate),
        lambda a, b, _c: on_alarm(a, lambda id_: model.move_alarm(id_, 1 + b % 7)),
        lambda a, _b, c: on_alarm(a, model.end_alarm) if c % 2 else None,
        lambda a, b, _c: model.set_status(unit(a), _pick(sorted(domain.SETTABLE), b)),
        lambda a, _b, c: model.unruled(_pick(list(UNRULED), c), 1 + a % 7),
    ]


def _further_acts(model: DeskModel) -> list[Callable[[int, int, int], None]]:
    def one(known: Iterable[UUID], n: int, make: Callable[[], UUID]) -> UUID:
        ids = list(known)
        return _pick(ids, n) if ids else make()

    def incident(n: int) -> UUID:
        return one(model.incidents, n, lambda: model.open(1 + n % 7, with_place=True))

    def unit(n: int) -> UUID:
        return one(model.units, n, lambda: model.register_unit(1 + n % 7))

    def withdraw(a: int, b: int, _c: int) -> None:
        chosen = incident(a)
        units = list(model.incidents[chosen].units)
        model.withdraw(chosen, _pick(units, b) if units else unit(b))

    def press_again(a: int, _b: int, _c: int) -> None:
        if model.alarms:
            model.press_again(_pick(list(model.alarms), a))

    further: list[Callable[[int, int, int], None]] = [withdraw, press_again]
    for type_ in _by_effect(picture._set_view):
        further.append(lambda a, _b, _c, type_=type_: model.review(incident(a), type_))  # type: ignore[misc]
    for type_ in _by_effect(picture._set_if_open):
        further.append(lambda a, _b, _c, type_=type_: model.review(incident(a), type_, also_closed=True))  # type: ignore[misc]
    for type_ in _by_effect(picture._set_if_told):  # of old, without a view, they moved the version on alone
        further.append(lambda a, b, _c, type_=type_: model.bind(incident(a), type_, b))  # type: ignore[misc]
        further.append(lambda a, _b, _c, type_=type_: model.mention(incident(a), type_))  # type: ignore[misc]
    for type_ in _by_effect(picture._closed):
        further.append(lambda a, _b, _c, type_=type_: model.close(incident(a), type_))  # type: ignore[misc]
    further.append(lambda a, _b, _c: _reopen(model, incident(a)))
    for type_ in _by_effect(picture._version_only):
        further.append(lambda a, _b, _c, type_=type_: model.mention(incident(a), type_))  # type: ignore[misc]
    for type_ in _by_effect(picture._set_unit_view):
        further.append(lambda a, _b, _c, type_=type_: model.review_unit(unit(a), type_))  # type: ignore[misc]
    return further


def _reopen(model: DeskModel, incident_id: UUID) -> None:
    row = model.incidents[incident_id].row
    if row["status"] == "closed":
        row |= {"status": "open", "outcome": None}
        model.review(incident_id, IncidentEvent.REOPENED)


def _pick(items: list[Any], n: int) -> Any:
    return items[n % len(items)]


def _drop(_value: object) -> None:
    return None
