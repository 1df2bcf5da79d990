"""One audience's frames: a bounded ring with a running number, and the recipients who read it, each at its own place.

It knows no database and no event; a recipient that falls out of the ring is the reader's to end.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from markaz.core.permissions import Permission
from markaz.core.stream.picture import Audience

RING_FRAMES = 2_000  # at 50 commands a second a recipient may stall for 40 s
RING_BYTES = 16_000_000  # bounds memory for channels with large frames
PIECE_BYTES = 256_000  # frames handed to a transport at once: what each stalled recipient may cost beside the ring


@dataclass(slots=True, eq=False)
class Recipient:
    """One open stream. `after` is the number it was opened with."""

    account_id: UUID
    after: int
    expires_at: datetime | None
    session_key: bytes | None = None
    ended: tuple[str, int] | None = None


@dataclass(slots=True, eq=False)
class Channel:
    """The frames of one audience: a ring with a running number, and who reads it."""

    audience: Audience
    scopes: dict[Permission, frozenset[int]]
    frames: deque[bytes] = field(default_factory=deque)
    first: int = 0
    size_bytes: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    recipients: set[Recipient] = field(default_factory=set)

    @property
    def next(self) -> int:
        """The running number the next frame will get."""
        return self.first + len(self.frames)

    def push(self, frame: bytes) -> None:
        """Add a frame; drop the oldest beyond the bounds."""
        self.frames.append(frame)
        self.size_bytes += len(frame)
        while len(self.frames) > RING_FRAMES or (self.size_bytes > RING_BYTES and len(self.frames) > 1):
            self.size_bytes -= len(self.frames.popleft())
            self.first += 1

    def end(self, whom: Callable[[Recipient], bool], code: str, status: int) -> None:
        """Let some recipients end as soon as they look again; what waits for them is not sent any more."""
        for recipient in self.recipients:
            if whom(recipient):
                recipient.ended = (code, status)

    def wake(self) -> None:
        """Let every recipient look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def since(self, number: int) -> tuple[bytes, int] | None:
        """Return the frames from `number` on in one bounded piece, and the number after it; None when some are gone."""
        if number < self.first:
            return None
        if number == self.next - 1:
            return self.frames[-1], self.next
        piece: list[bytes] = []
        size = 0
        while number < self.next and size < PIECE_BYTES:
            piece.append(self.frames[number - self.first])
            size += len(piece[-1])
            number += 1
        return b"".join(piece), number
