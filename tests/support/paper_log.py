"""A log on paper: made in memory by the log's own pure parts, for tests of what an outsider is shown of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from markaz.core.log import keys, tiles, tree
from markaz.core.log.entry import Entry, EntryKind, leaf_of
from markaz.core.log.intervals import Run, data_of, opening_of, salt_of
from markaz.core.log.note import Checkpoint, Note
from markaz.kit.clock import iso

ACTOR = UUID("01a20000-0000-7000-8000-000000000001")
SECOND = timedelta(seconds=1)


def look(number: int = 0, public: Mapping[str, Any] | None = None) -> Entry:
    """Return an entry: a look at an incident, or what is told to everybody."""
    kind = EntryKind.ADMINISTRATION if public else EntryKind.VIEW
    reason = f"incident {number}"
    return Entry(kind, "incident.read_sealed", ACTOR, "incident", ACTOR, reason, public=public or {}, roles=("x@1",))


class PaperLog:
    """Entries, an interval a second, and the checkpoint over them; `fetch` answers like the centre does."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.ring = keys.new_ring(at)
        self.entries = [leaf_of(look(), at)]
        self.openings = [look().opening()]
        self.runs: list[Run] = []
        self.cosigned: list[str] = []
        self.states_time = True
        self.grows(1)

    @property
    def vkey(self) -> str:
        """Return the key that signs."""
        return self.ring.signer.verifier.vkey

    def enters(self, *entries: Entry) -> None:
        """Add entries now; the next interval covers them."""
        for entry in entries:
            self.entries.append(leaf_of(entry, self.at))
            self.openings.append(entry.opening())

    def grows(self, leaves: int, step: timedelta = SECOND) -> None:
        """Add leaves, so far apart."""
        for _ in range(leaves):
            self.at += step
            root = tree.root_of(entry.hash for entry in self.entries)
            self.runs.append(Run(len(self.runs), self.at, 1_000, len(self.entries), root, "markaz/1", "p" * 64, 1))

    def leaves(self) -> list[bytes]:
        """Return the public leaves."""
        return [tree.leaf_hash(data_of(run, run.index, self.ring.salts)) for run in self.runs]

    def note(self) -> str:
        """Return the newest checkpoint, signed."""
        says = ("software markaz/1", "policy " + "p" * 64, f"time {iso(self.at)}")
        root = tree.root_of(self.leaves())
        text = Checkpoint(self.ring.origin, len(self.runs), root, says if self.states_time else says[:2]).text()
        return str(Note(text, (self.ring.signer.sign(text),)))

    def fetch(self, _url: str, path: str, body: bytes | None = None) -> bytes:
        """Answer a witness."""
        if path == "keys":
            return orjson.dumps(self.ring.statement())
        if path == "cosignatures":
            self.cosigned.append(orjson.loads(body or b"")["cosignature"])
            return b"{}"
        if tile := tiles.parse_path(path.removeprefix("tile/")):
            assert tile.level == 0
            return b"".join(self.leaves()[tile.start : tile.start + tile.width])
        return self.note().encode()

    def proof(self, index: int) -> dict[str, Any]:
        """Return the proof of an entry, as `core.log.proofs` does."""
        item = self._item(index)
        item["entry"] |= {"salt": self.entries[index].salt.hex(), "opening": self.openings[index]}
        return {"format": "markaz-proof/1", "keys": self.ring.statement(), "checkpoint": self.note(), **item}

    def page(self, *indexes: int) -> dict[str, Any]:
        """Return a page of public entries, as `core.log.public_entries` does."""
        items = [self._item(index) for index in indexes]
        head = {"format": "markaz-public/1", "keys": self.ring.statement(), "checkpoint": self.note()}
        return {**head, "items": items, "next_before": None}

    def _item(self, index: int) -> dict[str, Any]:
        run = next(run for run in self.runs if run.entries_size > index)
        hashes = [entry.hash for entry in self.entries]
        in_entries = tree.proof(hashes[: run.entries_size], tree.inclusion_ranges(index, run.entries_size))
        in_public = tree.proof(self.leaves(), tree.inclusion_ranges(run.index, len(self.runs)))
        opened = {"salt": salt_of(run, run.index, self.ring.salts).hex(), "opening": opening_of(run, run.index)}
        return {
            "interval": {**opened, "path": [step.hex() for step in in_public]},
            "entry": {
                "index": index,
                "body": self.entries[index].body.decode(),
                "path": [step.hex() for step in in_entries],
            },
        }
