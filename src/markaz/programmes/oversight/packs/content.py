"""Writes an audit pack: the log of the period with its openings, lists made from it, and one signature over all of it.

    manifest.json, checkpoints/, leaves.bin, intervals.jsonl, entries.jsonl   the log (core.log.exporting)
    pack/use.json, purposes.json, glass.json, refusals.json, access.json, deletions.json, people.json
    pack/policies/HASH/*                                                      every version of the policies of the period
    pack/register.json                                                        the register when the pack was made
    signed.txt                                                                the SHA-256 of every file, signed by the log

`markaz verify log FOLDER` and the stand-alone witness.py check the log, the signature, every hash, and that each version
of the policies that an interval names is there, whole. The lists are a
convenience: each of their lines can be counted again from entries.jsonl, whose proofs bind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from markaz.core.db.pool import Connection
from markaz.core.log.entry import EntryKind
from markaz.core.log.exporting import Exported, FolderKind, sign_folder, write_log
from markaz.core.log.keys import KeyRing
from markaz.kit.clock import iso
from markaz.programmes.oversight.packs import store


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to before `until`, for whom."""

    since: datetime
    until: datetime
    made_for: str


async def write_pack(
    connection: Connection, ring: KeyRing, folder: Path, period: Period, register: Mapping[str, Any], now: datetime
) -> Exported:
    """Write the pack of a period into a new `folder`; `connection` is of one snapshot. Raises what `write_log` raises."""
    since, until = period.since, period.until
    exported = await write_log(connection, ring, folder, since, until, now, FolderKind.PACK, with_openings=True)
    lists = folder / "pack"
    lists.mkdir()
    for name, content in (await _lists(connection, period)).items():
        _write(lists / f"{name}.json", content)
    _write(lists / "register.json", register)
    for hash_, name, text in await store.policies(connection, max(exported.first_size - 1, 0), exported.last_size):
        (lists / "policies" / hash_).mkdir(parents=True, exist_ok=True)
        (lists / "policies" / hash_ / name).write_text(text, encoding="utf-8", newline="")
    _write(
        lists / "period.json",
        {"since": iso(period.since), "until": iso(period.until), "made_at": iso(now), "made_for": period.made_for},
    )
    sign_folder(folder, ring)
    return exported


async def _lists(connection: Connection, period: Period) -> dict[str, Any]:
    since, until = period.since, period.until
    access = [EntryKind.ACCESS_CHANGE.value, EntryKind.POLICY.value, EntryKind.ADMINISTRATION.value]
    return {
        "use": await store.use(connection, since, until),
        "purposes": await store.purposes(connection, since, until),
        "glass": await store.glass(connection, since, until),
        "refusals": await store.entries_of(connection, [EntryKind.REFUSAL.value], since, until),
        "access": await store.entries_of(connection, access, since, until),
        "deletions": {
            "certificates": await store.certificates(connection, since, until),
            "entries": await store.entries_of(connection, [EntryKind.DELETION.value], since, until),
        },
        "people": await store.people(connection, since, until),
    }


def _write(path: Path, content: Any) -> None:
    path.write_bytes(
        orjson.dumps(content, default=_stated, option=orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME)
    )


def _stated(value: Any) -> str:
    """Times as everywhere else, ids of the driver's own class as text."""
    return iso(value) if isinstance(value, datetime) else str(value)
