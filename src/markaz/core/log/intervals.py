"""The public leaves: one for each interval, whatever happened in it, and what each of them commits to.

Only the intervals that say something new are kept, as a `Run`; the leaves up to the next run say the same at later
times. A leaf's salt is derived (HMAC-SHA-256 of its index under a key that stands outside the database), so a leaf can
be made again at any time, opened for one reader without opening another, and never guessed from the outside. Pure.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markaz.core.log.tree import leaf_hash
from markaz.kit.clock import iso

Salts = Mapping[int, bytes]  # salt keys by their id


class SaltMissing(LookupError):
    """The salt key of a leaf is not at hand: the leaf cannot be made or opened."""


@dataclass(frozen=True, slots=True)
class Run:
    """The leaf `index` and those after it that say the same, `step_ms` apart.

    A step of 0 is a clock that was set back: time stands still in the log until the clock has caught up.
    """

    index: int
    at: datetime
    step_ms: int
    entries_size: int
    entries_root: bytes
    software: str
    policy_hash: str
    salt_id: int

    def at_of(self, index: int) -> datetime:
        """Return the end of the interval `index`."""
        return self.at + timedelta(milliseconds=self.step_ms * (index - self.index))

    def continues(self, before: "Run") -> bool:
        """Say whether this run's first leaf follows from the run before, so that it needs no row of its own."""
        says = (self.step_ms, self.entries_size, self.entries_root, self.software, self.policy_hash, self.salt_id)
        said = (
            *(before.step_ms, before.entries_size, before.entries_root),
            *(before.software, before.policy_hash, before.salt_id),
        )
        return says == said and before.at_of(self.index) == self.at


def opening_of(run: Run, index: int) -> dict[str, Any]:
    """Return what the leaf `index` commits to, JSON-ready."""
    return {
        "at": iso(run.at_of(index)),
        "entries_root": run.entries_root.hex(),
        "entries_size": run.entries_size,
        "index": index,
        "policy_hash": run.policy_hash,
        "software": run.software,
    }


def salt_of(run: Run, index: int, salts: Salts) -> bytes:
    """Return the salt of the leaf `index`. Raises SaltMissing."""
    key = salts.get(run.salt_id)
    if key is None:
        raise SaltMissing(f"salt key {run.salt_id} is missing")
    return hmac.digest(key, index.to_bytes(8, "big"), "sha256")


def canonical_opening(run: Run, index: int) -> bytes:
    """Return the canonical JSON (RFC 8785) of what the leaf `index` commits to.

    Written out, because a tile is 256 of them and most of each is the same; a test holds it to the general encoder.
    """
    return (
        f'{{"at":"{iso(run.at_of(index))}","entries_root":"{run.entries_root.hex()}","entries_size":{run.entries_size},'
        f'"index":{index},"policy_hash":{json.dumps(run.policy_hash)},"software":{json.dumps(run.software)}}}'
    ).encode()


def data_of(run: Run, index: int, salts: Salts) -> bytes:
    """Return the data of the leaf `index`: SHA-256 over its salt and its canonical opening."""
    return hashlib.sha256(salt_of(run, index, salts) + canonical_opening(run, index)).digest()


def data_between(runs: Sequence[Run], start: int, end: int, salts: Salts) -> Iterator[bytes]:
    """Yield the data of the leaves `[start, end)`. `runs` are in order, the first at or before `start`."""
    if start < end and (not runs or runs[0].index > start):
        raise SaltMissing(f"no interval says what leaf {start} holds")
    for run, following in zip(runs, [*(r.index for r in runs[1:]), end], strict=False):
        for index in range(max(run.index, start), min(following, end)):
            yield data_of(run, index, salts)


def hashes_between(runs: Sequence[Run], start: int, end: int, salts: Salts) -> list[bytes]:
    """Return the leaf hashes of `[start, end)`."""
    return [leaf_hash(data) for data in data_between(runs, start, end, salts)]
