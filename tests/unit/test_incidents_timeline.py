"""The timeline: nothing is left out, a correction stands beside what it corrects, reasons only for those who may."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from markaz.contracts.incidents import IncidentEvent
from markaz.core.events import Event, Recorded
from markaz.programmes.incidents.timeline import entries_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OFFICER, INCIDENT, UNIT = uuid4(), uuid4(), str(uuid4())


def recorded(seq: int, type_: IncidentEvent, payload: dict[str, Any], source: str = "officer") -> Recorded:
    stated = AT + timedelta(minutes=seq)
    event = Event(type_.value, INCIDENT, 3, OFFICER, stated, source, payload)
    return Recorded(seq, stated + timedelta(seconds=20), event)


def stage(seq: int, name: str) -> Recorded:
    return recorded(seq, IncidentEvent.STAGE_REACHED, {"unit_id": UNIT, "stage": name, "at": "x", "version": seq})


def correction(seq: int, corrects: int, at: str | None, reason_id: UUID) -> Recorded:
    payload = {"corrects": corrects, "unit_id": UNIT, "stage": "en_route", "was": "x", "at": at}
    return recorded(seq, IncidentEvent.STAGE_CORRECTED, payload | {"reason_id": str(reason_id)})


def whole(
    history: list[Recorded], names: dict[UUID, str], reasons: Mapping[UUID, Mapping[str, str] | None]
) -> list[dict[str, Any]]:
    corrections = [one for one in history if one.event.type == IncidentEvent.STAGE_CORRECTED]
    return entries_of(history, corrections, names, reasons)


def test_a_correction_on_another_page_strikes_an_entry_all_the_same() -> None:
    (entry,) = entries_of([stage(1, "en_route")], [correction(900, 1, None, uuid4())], {}, {})
    assert (entry["corrected_by"], entry["void"]) == (900, True)


def test_stated_and_recorded_time_stand_apart_and_the_person_is_named() -> None:
    (entry,) = whole([stage(1, "en_route")], {OFFICER: "Aziza"}, {})
    assert entry["occurred"] == {"at": "2026-03-01T12:01:00Z", "precision": "second", "source": "officer"}
    assert entry["recorded_at"] == "2026-03-01T12:01:20Z"
    assert entry["actor"] == {"id": str(OFFICER), "name": "Aziza"}


def test_a_corrected_entry_stays_and_names_its_correction() -> None:
    reason = uuid4()
    entries = whole([stage(1, "en_route"), correction(2, 1, "y", reason)], {}, {reason: {"reason": "mistyped"}})
    assert [(e["corrected_by"], e["corrects"], e["void"]) for e in entries] == [(2, None, False), (None, 1, False)]
    assert [e["reason"] for e in entries] == [None, "mistyped"]


def test_what_did_not_happen_is_void_and_still_there() -> None:
    entries = whole([stage(1, "en_route"), correction(2, 1, None, uuid4())], {}, {})
    assert [e["void"] for e in entries] == [True, False]


def test_a_correction_can_itself_be_corrected() -> None:
    entries = whole([stage(1, "en_route"), correction(2, 1, None, uuid4()), correction(3, 2, "z", uuid4())], {}, {})
    assert [(e["corrected_by"], e["void"]) for e in entries] == [(2, True), (3, False), (None, False)]


def test_an_erased_or_withheld_reason_is_null() -> None:
    reason = uuid4()
    for opened in ({reason: None}, {}):
        assert whole([correction(2, 1, None, reason)], {}, opened)[0]["reason"] is None


def test_an_import_opens_to_each_of_its_stages_and_is_never_struck_as_a_whole() -> None:
    units = [{"unit_id": UNIT, "call_sign": "E1", "stages": {"assigned": "a", "on_scene": "b"}}]
    imported = recorded(1, IncidentEvent.IMPORTED, {"units": units}, source="sffd")
    entries = whole([imported, correction(2, 1, None, uuid4())], {}, {})
    assert [e["detail"].get("stage") for e in entries] == [None, "assigned", "on_scene", "en_route"]
    assert not any(e["void"] for e in entries)
    assert {e["occurred"]["source"] for e in entries[:3]} == {"sffd"}


def test_a_sending_that_was_struck_out_is_void_with_its_stages_and_their_corrections_and_no_other_one() -> None:
    def of(one: Recorded, ordinal: int) -> Recorded:
        return replace(one, event=replace(one.event, payload={**one.event.payload, "ordinal": ordinal}))

    sent = recorded(1, IncidentEvent.UNIT_ASSIGNED, {"unit_id": UNIT, "at": "x"})
    mended = correction(3, 2, "y", uuid4())
    struck = recorded(5, IncidentEvent.SENDING_STRUCK, {"unit_id": UNIT, "corrects": 1, "stages": {}})
    sending = [of(sent, 1), of(stage(2, "en_route"), 1), of(mended, 1), of(stage(4, "en_route"), 2), of(struck, 1)]
    entries = entries_of(sending, [sending[2], sending[4]], {}, {})
    assert [(e["corrected_by"], e["void"]) for e in entries] == [(5, True)] * 3 + [(None, False)] * 2
