"""Writes tests/vectors/stream/*.json: small histories with the picture they must end in, for every client of the stream.

    .venv/bin/python -m tests.contract.make_stream_vectors

The frames come from the real rules and filter; what is expected comes from the desk's own state, never from `apply`.
The committed files are kept current by tests/contract/test_stream_vectors.py; the console's vitest reads the same ones.
"""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.contract.console import KINDS, ordered
from tests.contract.desk_model import DeskModel
from tests.contract.desk_state import Hierarchy, Scopes
from tests.contract.desk_steps import ACCOUNTS, play, random_steps

from markaz.contracts.incidents import IncidentEvent, Stage, UnitStatus
from markaz.core.permissions import Permission
from markaz.core.stream.picture import filtered
from markaz.programmes.incidents.picture import RULES

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "stream"

Frame = dict[str, Any]
Vector = dict[str, Any]
GAP = {"gap": True}


def scopes_of(incident_roots: Iterable[int], unit_roots: Iterable[int]) -> Scopes:
    """Return the scopes of a recipient from the roots it holds."""
    hierarchy = Hierarchy()
    return {
        permission: frozenset().union(*(hierarchy.subtree(root) for root in roots))
        for permission, roots in (
            (Permission.INCIDENT_READ, incident_roots),
            (Permission.UNIT_READ, unit_roots),
            (Permission.ALARM_READ, incident_roots),
        )
    }


def frame(model: DeskModel, scopes: Scopes, after: int, seq: int) -> Frame:
    """Return the frame that covers (after, seq] for a recipient."""
    wires = (filtered(recorded, RULES, scopes) for recorded in model.log[after:seq])
    return {"after": after, "seq": seq, "events": [wire for wire in wires if wire is not None]}


def vector(
    name: str,
    model: DeskModel,
    begin: int,
    cuts: Sequence[tuple[int, int]],
    roots: Sequence[int] = (1,),
    *,
    has_gap: bool = False,
) -> Vector:
    """Return the vector of a history seen from `begin` on in frames of these (after, seq]."""
    scopes = scopes_of(roots, roots)
    return {
        "name": name,
        "snapshot": ordered(model.snapshot(scopes, begin)),
        "frames": [frame(model, scopes, after, seq) for after, seq in cuts],
        "expected": GAP if has_gap else ordered(model.snapshot(scopes, cuts[-1][1])),
    }


def whole(name: str, build: Callable[[DeskModel], int], roots: Sequence[int] = (1,)) -> Vector:
    """Return the vector of a history in one frame; `build` plays it and returns the number of the snapshot."""
    model = DeskModel()
    begin = build(model)
    return vector(name, model, begin, [(begin, model.seq)], roots)


def _stages_and_nulls(model: DeskModel) -> int:
    incident, unit = model.open(4, with_place=True), model.register_unit(4)
    model.assign(incident, unit)
    model.reach(incident, unit, Stage.EN_ROUTE)
    begin = model.seq
    model.reach(incident, unit, Stage.ON_SCENE)
    model.correct(incident, unit, void=True)
    model.correct(incident, unit, void=False)
    return begin


def _voided(model: DeskModel) -> int:
    incident, unit, other = model.open(4, with_place=True), model.register_unit(4), model.register_unit(5)
    model.assign(incident, unit)
    model.assign(incident, other)
    begin = model.seq
    model.correct(incident, unit, void=True)
    return begin


def _sent_again(model: DeskModel) -> int:
    incident, unit = model.open(4, with_place=False), model.register_unit(4)
    model.assign(incident, unit)
    model.reach(incident, unit, Stage.ON_SCENE)
    model.reach(incident, unit, Stage.CLEARED)
    begin = model.seq
    model.assign(incident, unit)
    return begin


def _past_corrected(model: DeskModel) -> int:
    incident, unit = model.open(4, with_place=False), model.register_unit(4)
    model.assign(incident, unit)
    model.reach(incident, unit, Stage.CLEARED)
    model.assign(incident, unit)
    begin = model.seq
    model.correct_past(incident, unit)
    return begin


def _left(model: DeskModel) -> int:
    stays, leaves = model.open(4, with_place=True), model.open(5, with_place=True)
    begin = model.seq
    model.change(leaves, territory_id=6)
    model.note(leaves)
    model.note(stays)
    return begin


def _entered(model: DeskModel) -> int:
    incident, unit = model.open(6, with_place=True), model.register_unit(6)
    model.assign(incident, unit)
    begin = model.seq
    model.reach(incident, unit, Stage.EN_ROUTE)
    model.change(incident, territory_id=5)
    model.reach(incident, unit, Stage.ON_SCENE)
    return begin


def _left_and_back(model: DeskModel) -> int:
    incident = model.open(4, with_place=True)
    begin = model.seq
    model.change(incident, territory_id=7)
    model.change(incident, priority="1")
    model.change(incident, territory_id=4)
    model.note(incident)
    return begin


def _moved_within(model: DeskModel) -> int:
    incident = model.open(4, with_place=True)
    begin = model.seq
    model.change(incident, territory_id=5)
    return begin


def _unknown_patched(model: DeskModel) -> int:
    closed, held = model.open(4, with_place=True), model.open(4, with_place=True)
    model.close(closed)
    begin = model.seq
    model.note(closed)  # a patch of an incident that is not on the picture any more
    model.note(held)
    return begin


def _closed(model: DeskModel) -> int:
    closed, held = model.open(4, with_place=True), model.open(4, with_place=True)
    begin = model.seq
    model.close(closed)
    assert held in model.incidents
    return begin


def _place_forgotten(model: DeskModel) -> int:
    incident = model.open(4, with_place=True)
    begin = model.seq
    model.change(incident, forget=True)
    return begin


def _unit_freed(model: DeskModel) -> int:
    incident, unit = model.open(4, with_place=True), model.register_unit(4)
    model.assign(incident, unit)
    begin = model.seq
    model.reach(incident, unit, Stage.CLEARED)
    model.set_status(unit, UnitStatus.OUT_OF_SERVICE)
    return begin


def _nobodys(model: DeskModel) -> int:
    model.open(4, with_place=True)
    begin = model.seq
    model.unruled("incident.imported/1", 4)
    model.unruled("roads.plate_seen/1", 4)
    return begin


def _from_nothing(model: DeskModel) -> int:
    _stages_and_nulls(model)
    return 0


def _noticed(model: DeskModel) -> int:
    """Two people notice an emergency, each for themselves; it goes on until it is ended."""
    unit = model.register_unit(4)
    alarm = model.raise_emergency(unit)
    assert alarm is not None
    begin = model.seq
    model.acknowledge(alarm, ACCOUNTS[0])
    model.acknowledge(alarm, ACCOUNTS[1])
    model.hear_from(unit)
    return begin


def _alarm_ended(model: DeskModel) -> int:
    one, other = (model.raise_emergency(model.register_unit(territory)) for territory in (4, 5))
    assert one is not None
    assert other is not None
    begin = model.seq
    model.escalate(one)
    model.end_alarm(other)
    return begin


def _alarm_moved(model: DeskModel) -> int:
    goes, comes = (model.raise_emergency(model.register_unit(territory)) for territory in (4, 6))
    assert goes is not None
    assert comes is not None
    begin = model.seq
    model.acknowledge(comes, ACCOUNTS[0])
    model.move_alarm(goes, 7)
    model.move_alarm(comes, 5)
    model.acknowledge(goes, ACCOUNTS[0])
    return begin


def _bound(model: DeskModel) -> int:
    """A person of an incident must not be called, then may be again; another one closes and is bound afterwards."""
    incident, closed = model.open(4, with_place=True), model.open(5, with_place=True)
    begin = model.seq
    model.mention(incident, IncidentEvent.PARTY_ADDED)  # as it was written before views said what binds
    model.bind(incident, IncidentEvent.PARTY_ADDED, 3)
    model.bind(incident, IncidentEvent.PARTY_CORRECTED, 2)
    model.bind(incident, IncidentEvent.SPLIT, 0)
    model.bind(incident, IncidentEvent.PARTY_ADDED, 1)
    model.close(closed)
    model.bind(closed, IncidentEvent.PARTY_ADDED, 1)
    return begin


HISTORIES: dict[str, tuple[Callable[[DeskModel], int], Sequence[int]]] = {
    "01_patch_sets_and_null_removes_a_stage": (_stages_and_nulls, (1,)),
    "02_voided_assignment_removes_its_unit": (_voided, (1,)),
    "03_unit_sent_again_loses_its_old_stages": (_sent_again, (1,)),
    "04_incident_that_moves_out_leaves_without_content": (_left, (2,)),
    "05_incident_that_moves_in_enters_with_full_state": (_entered, (2,)),
    "06_incident_that_left_comes_back": (_left_and_back, (2,)),
    "07_incident_that_moves_within_stays": (_moved_within, (2,)),
    "08_patch_of_what_is_not_held_is_ignored": (_unknown_patched, (2,)),
    "09_closed_incident_goes": (_closed, (1,)),
    "10_set_replaces_the_whole": (_place_forgotten, (1,)),
    "11_unit_is_free_again": (_unit_freed, (1,)),
    "12_frame_without_events_moves_the_cursor": (_nobodys, (1,)),
    "13_everything_from_an_empty_picture": (_from_nothing, (1,)),
    "31_correction_of_an_earlier_sending_changes_the_version_alone": (_past_corrected, (1,)),
    "32_alarm_is_noticed_by_each_for_themselves": (_noticed, (1,)),
    "33_alarm_goes_up_and_another_ends": (_alarm_ended, (2,)),
    "34_alarm_that_moves_leaves_and_enters": (_alarm_moved, (2,)),
    "35_what_parties_bind_to_shows_before_anybody_opens_it": (_bound, (2,)),
}


def _framing() -> list[Vector]:
    """Return vectors of frames that are doubled, cut, late or missing; the history is one of sets and patches."""
    model = DeskModel()
    begin = _stages_and_nulls(model)
    end = model.seq
    assert end - begin >= 5
    one, two = begin + 1, begin + 3
    return [
        vector("14_one_frame_for_each_event", model, begin, [(n, n + 1) for n in range(begin, end)]),
        vector("15_doubled_frame_is_dropped", model, begin, [(begin, two), (begin, two), (two, end)]),
        vector("16_old_frame_is_dropped", model, begin, [(begin, two), (begin, one), (two, end)]),
        vector("17_straddling_frame_is_applied_from_the_cursor_on", model, begin, [(begin, two), (one, end)]),
        vector("18_frame_from_before_the_snapshot_is_cut_to_it", model, begin, [(begin - 2, two), (two, end)]),
        vector("19_frames_wholly_before_the_snapshot_are_dropped", model, begin, [(0, 2), (2, begin), (begin, end)]),
        vector("20_gap_wants_a_new_snapshot", model, begin, [(one, end)], has_gap=True),
        vector("21_gap_after_good_frames", model, begin, [(begin, one), (two, end)], has_gap=True),
        vector("22_gap_although_the_frame_is_empty", model, begin, [(begin, one), (end + 5, end + 6)], has_gap=True),
    ]


def _foreign_event(kind: str, op: str, id_: str, value: Any) -> dict[str, Any]:
    return {
        "type": "future.thing/1",
        "kind": kind,
        "id": id_,
        "op": op,
        "value": value,
        "actor": "a0000000-0000-7000-8000-000000000001",
        "occurred_at": "2026-03-01T07:00:00Z",
        "recorded_at": "2026-03-01T07:00:00.005000Z",
    }


def _merge() -> list[Vector]:
    """Return vectors of RFC 7396 that today's events do not reach: tomorrow's may."""
    model = DeskModel()
    incident = model.open(4, with_place=True)
    scopes = scopes_of((1,), (1,))
    before = ordered(model.snapshot(scopes))
    patches: dict[str, dict[str, Any]] = {
        "23_patch_replaces_arrays_and_merges_objects": {"flags": ["late"], "place": {"lat": 41.5}, "new": {"a": {}}},
        "24_patch_turns_a_value_into_an_object": {"number": {"text": "1"}, "outcome": None},
        "25_patch_null_for_what_is_not_there_does_nothing": {"absent": None, "units": {"absent": None}},
    }
    after: dict[str, dict[str, Any]] = {
        "23_patch_replaces_arrays_and_merges_objects": {
            "flags": ["late"],
            "place": {"lon": 69.24, "lat": 41.5},
            "new": {"a": {}},
        },
        "24_patch_turns_a_value_into_an_object": {"number": {"text": "1"}},
        "25_patch_null_for_what_is_not_there_does_nothing": {},
    }
    made = []
    for name, patch in patches.items():
        view = before["incidents"][0] | after[name]
        if name.startswith("24"):
            del view["outcome"]
        event = _foreign_event("incident", "patch", str(incident), patch) | {"seq": 2}
        frames = [{"after": 1, "seq": 2, "events": [event]}]
        expected = {"incidents": [view], "units": [], "alarms": [], "seq": 2}
        made.append({"name": name, "snapshot": before, "frames": frames, "expected": expected})
    strange = _foreign_event("bus", "set", "b-1", {"id": "b-1"}) | {"seq": 2}
    frames = [{"after": 1, "seq": 2, "events": [strange]}]
    name = "26_kind_that_is_not_known_is_passed_over"
    return [*made, {"name": name, "snapshot": before, "frames": frames, "expected": before | {"seq": 2}}]


def _random(name: str, seed: int, roots: Sequence[int]) -> Vector:
    """Return a longer history that nobody wrote, in frames cut anywhere."""
    chance = random.Random(seed)
    model = DeskModel()
    play(model, random_steps(chance, 60))
    begin = chance.choice([seq for seq in model.states if 10 < seq < 30])
    cuts, at = [], begin
    while at < model.seq:
        to = min(model.seq, at + chance.randrange(1, 8))
        cuts.append((max(0, at - chance.choice((0, 0, 0, 2))), to))
        at = to
    return vector(name, model, begin, cuts, roots)


def vectors() -> dict[str, Vector]:
    """Return every vector by name."""
    made = [whole(name, build, roots) for name, (build, roots) in HISTORIES.items()]
    made += _framing() + _merge()
    made += [
        _random("27_random_history_seen_by_all", 28, (1,)),
        _random("28_random_history_seen_by_one_branch", 31, (2,)),
        _random("29_random_history_seen_by_two_leaves", 28, (5, 6)),
        _random("30_random_history_seen_by_two_other_leaves", 31, (4, 7)),
    ]
    return {one["name"]: one for one in made}


def text(one: Vector) -> str:
    """Return the file of a vector: an event to a line, so that a change can be read."""
    frames = []
    for each in one["frames"]:
        events = ",\n".join(f"      {_dump(event)}" for event in each["events"])
        inner = f"[\n{events}\n    ]" if events else "[]"
        frames.append(f'    {{"after": {each["after"]}, "seq": {each["seq"]}, "events": {inner}}}')
    listed = ",\n".join(frames)
    return (
        f'{{\n  "name": {_dump(one["name"])},\n  "snapshot": {_picture(one["snapshot"])},\n'
        f'  "frames": [\n{listed}\n  ],\n  "expected": {_picture(one["expected"])}\n}}\n'
    )


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _picture(picture: dict[str, Any]) -> str:
    if "gap" in picture:
        return _dump(picture)
    parts = [f'"seq": {picture["seq"]}']
    for name in KINDS:
        views = ",\n".join(f"      {_dump(view)}" for view in picture[name])
        parts.append(f'"{name}": ' + (f"[\n{views}\n    ]" if views else "[]"))
    return "{" + ", ".join(parts) + "}"


def main() -> None:
    """Write all files and remove those of vectors that are no more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = vectors()
    for old in FOLDER.glob("*.json"):
        if old.stem not in made:
            old.unlink()
    for name, one in made.items():
        (FOLDER / f"{name}.json").write_text(text(one), encoding="utf-8")


if __name__ == "__main__":
    main()
