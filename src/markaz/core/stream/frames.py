"""The frame format of the stream (server-sent events, WHATWG HTML section 9.2). Any later transport keeps its content.

`events` covers the numbers (after, seq]; the client drops a frame it has, and takes a new snapshot when one is missing.
`positions`, `presence` and `clock` are telemetry without a number; `end` says why the stream closes.
"""

from collections.abc import Sequence
from typing import Any

import orjson

HEARTBEAT = b":\n\n"


def events_frame(after: int, seq: int, wire_events: Sequence[bytes]) -> bytes:
    """Return the frame that covers (after, seq] with these events, each already JSON."""
    return b'id: %d\nevent: events\ndata: {"after":%d,"seq":%d,"events":[%b]}\n\n' % (
        seq,
        after,
        seq,
        b",".join(wire_events),
    )


def telemetry_frame(name: str, data: Any) -> bytes:
    """Return a frame without a number. `data` is JSON-ready."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))


def end_frame(code: str, status: int) -> bytes:
    """Return the last frame of a stream: the client looks at `code` to know what to do next."""
    return telemetry_frame("end", {"code": code, "status": status})
