"""The shared vectors of the stream: current, and met by the Python side. The console's vitest reads the same files."""

import json
from typing import Any

import pytest
from tests.contract.console import Console, Gap, ordered
from tests.contract.make_stream_vectors import FOLDER, GAP, text, vectors

FILES = sorted(FOLDER.glob("*.json"))


def test_committed_vectors_are_current() -> None:
    committed = {path.stem: path.read_text(encoding="utf-8") for path in FILES}
    assert committed == {name: text(one) for name, one in vectors().items()}, (
        "run: .venv/bin/python -m tests.contract.make_stream_vectors"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_frames_lead_from_the_snapshot_to_what_is_expected(path: Any) -> None:
    vector = json.loads(path.read_text(encoding="utf-8"))
    console = Console(vector["snapshot"])
    if vector["expected"] == GAP:
        with pytest.raises(Gap):
            _take_all(console, vector)
        return
    _take_all(console, vector)
    assert console.shown() == ordered(vector["expected"])
    assert console.seen == sorted(set(console.seen))


def test_vectors_hold_every_way_an_event_can_reach_a_recipient() -> None:
    events = [
        event
        for path in FILES
        for frame in json.loads(path.read_text(encoding="utf-8"))["frames"]
        for event in frame["events"]
    ]
    assert {event["op"] for event in events} == {"set", "patch", "gone"}
    assert {"left", "entered", "incident.closed/1"} <= {event["type"] for event in events}
    for event in events:
        if event["type"] == "left":
            assert set(event) == {"seq", "type", "kind", "id", "op"}


def _take_all(console: Console, vector: dict[str, Any]) -> None:
    for frame in vector["frames"]:
        console.take(frame)
