"""A console as small as can be: what every client of the stream does with a snapshot and frames. The TypeScript one is
console/src/live; both are held to the same vectors in tests/vectors/stream.
"""

import copy
from collections.abc import Mapping
from typing import Any

from markaz.core.stream.picture import Picture, apply

KINDS = {"incidents": "incident", "units": "unit", "alarms": "alarm"}


class Gap(Exception):
    """A frame is missing between the cursor and this frame: a new snapshot is needed."""


class Console:
    """Holds what it was shown. `seen` counts how often each number was applied, which must never pass one."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        self.seq: int = snapshot["seq"]
        self.picture: Picture = {
            kind: {view["id"]: copy.deepcopy(view) for view in snapshot[name]} for name, kind in KINDS.items()
        }
        self.seen: list[int] = []

    def take(self, frame: Mapping[str, Any]) -> None:
        """Apply one events frame. Raises Gap."""
        if frame["seq"] <= self.seq:
            return
        if frame["after"] > self.seq:
            raise Gap(f"{self.seq} .. {frame['after']}")
        for event in frame["events"]:
            if event["seq"] > self.seq:
                apply(self.picture, event)
                self.seen.append(event["seq"])
        self.seq = frame["seq"]

    def shown(self) -> dict[str, Any]:
        """Return what is held, in an order of its own, to be compared with `ordered(snapshot)`."""
        return ordered({"seq": self.seq} | {name: list(self.picture[kind].values()) for name, kind in KINDS.items()})


def ordered(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """Return a snapshot's number and aggregates, by id: order is nothing a picture has."""
    views = {name: sorted(snapshot[name], key=lambda view: str(view["id"])) for name in KINDS}
    return {**views, "seq": snapshot["seq"]}
