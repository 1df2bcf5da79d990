#!/usr/bin/env python3
"""A witness of a Markaz log, in one file: the Python standard library and `cryptography`, nothing of Markaz itself.

For an ombudsman, a court or another agency that wants to be sure that a centre's record of who looked at whom is never
rewritten. Read it, copy it to a machine of your own, run it there:

    python3 witness.py keygen DIR NAME        make a key; hand the line it prints to the centre
    python3 witness.py watch URL --dir DIR    look again and again, remember, cosign; alarm when history was changed
    python3 witness.py verify PATH            check an exported folder, one proof, or public entries, without any server

It rests on RFC 9162 section 2.1 (Merkle trees) and C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-cosignature.
The public log has one leaf for every second, whatever happened in it: SHA-256 over a secret salt and the canonical JSON
(RFC 8785) of {at, entries_root, entries_size, index, policy_hash, software}. `entries_root` is the head of a second tree,
of what was done; an exported folder holds that tree too. A checkpoint states the time of its last leaf, so a log that
stands still, is held back or is switched off is told from one that goes on.

An exported folder is of one of two kinds, an export of the log or an audit pack, and the log signs which, with the hash of
each file. It holds just the files of its kind, and each opening that it promises.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

WITNESS_KEY = 4  # signed-note's number for timestamped Ed25519 cosignatures; a log's own key is a 1
TIMEOUT_S, ANSWER_MAX_BYTES = 20, 1_000_000
TIME_SLACK_S = 60  # an entry may wait this long between its act and its place in the log
CODES = {  # exit codes
    0: "in order: what the lines say is proven",
    1: "cannot be read, or not by this program",
    2: "no usable answer: it proves nothing, unless it goes on",
    3: "ALARM: what was shown does not prove what it should",
    4: "ALARM, BACK-DATED: an entry states a time at which it was not made",
    5: "ALARM, FROZEN: the log has not grown for longer than it may, or its time is not the time here",
    6: "NOT PROVEN: unbroken, but closed or empty, so it does not show who did what",
}
UNREADABLE, NO_ANSWER, NOT_PROVEN = 1, 2, 6
STILL_S = 600  # a log grows each second: for how long it may seem not to
PROOF, PAGE = "markaz-proof/1", "markaz-public/1"
FILES = {PROOF: "format keys checkpoint interval entry", PAGE: "format keys checkpoint items next_before"}
LOG, PACK = "markaz-log/2", "markaz-pack/2"  # kinds of folder, and the first line of what is signed over each
MANIFEST = "format keys made_at openings since until public entries"
PARTS = "manifest.json leaves.bin intervals.jsonl entries.jsonl"
LISTS = "access deletions glass people period purposes refusals register use"
FOLDERS = {LOG: {*PARTS.split()}, PACK: {*PARTS.split(), *(f"pack/{name}.json" for name in LISTS.split())}}
NAMED = r"checkpoints/\d{15}\.(txt|tst)"
ALSO = {LOG: NAMED, PACK: NAMED + r"|pack/policies/[^/]+/([\w-]+\.cedar|access\.cedarschema|words\.toml)"}
OPENINGS_STAND_S = 365 * 86_400  # an opening may end when it is a year old, and no sooner
ENTRIES = {PROOF: "index body salt opening path", PAGE: "index body path"}


class Refused(Exception):
    """What was shown does not prove what it should: an alarm."""

    code = 3


class BackDated(Refused):
    """An entry states a time at which it was not made."""

    code = 4


class Frozen(Refused):
    """The log has not grown for longer than it may, or states a time that is not the time here."""

    code = 5


class Report(list[str]):
    """What was found, line by line, and the exit code that it comes to when nothing is refused."""

    code = 0


def _sha(*parts: bytes) -> bytes:
    """Return SHA-256; a leaf is hashed with 00 before it, a node with 01 before its two children."""
    return hashlib.sha256(b"".join(parts)).digest()


@dataclass
class Edge:
    """The right edge of a tree: the roots of the perfect subtrees it consists of, largest first.

    Whoever knows the edge of a tree can add what comes after it and compare the result with a signed root. If they are
    equal, the larger tree begins with the whole smaller one: nothing in it was removed, changed or moved.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Edge":
        """Read an edge from JSON."""
        return cls(stored["size"], [bytes.fromhex(text) for text in stored["edge"]])

    def add(self, subtree: bytes, leaves: int = 1) -> None:
        """Add the root of the next perfect subtree of so many leaves: a power of two that divides the size."""
        before, self.size = self.size, self.size + leaves
        while before & leaves:
            subtree, leaves = _sha(b"\x01", self.hashes.pop(), subtree), leaves * 2
        self.hashes.append(subtree)

    def root(self) -> bytes:
        """Return the head of the tree."""
        root = self.hashes[-1] if self.hashes else _sha()
        for left in reversed(self.hashes[:-1]):
            root = _sha(b"\x01", left, root)
        return root


def check_inclusion(leaf: bytes, index: int, size: int, path: list[str], root: bytes, what: str) -> None:
    """Refuse unless `leaf` stands at `index` of the tree with this size and root (RFC 9162 section 2.1.3.2)."""
    node, last, reached = index, size - 1, leaf
    for step in path:
        if node & 1 or node == last:
            reached = _sha(b"\x01", bytes.fromhex(step), reached)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            reached = _sha(b"\x01", reached, bytes.fromhex(step))
        node, last = node >> 1, last >> 1
    if not 0 <= index < size or last != 0 or reached != root:
        raise Refused(f"{what} is not in the tree of {size} that was signed")


@dataclass(frozen=True)
class Key:
    """A public key with its name, written as one line: `name+id+base64`."""

    name: str
    type: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes by which signature lines name this key."""
        return _sha(self.name.encode(), b"\n", bytes([self.type]), self.public)[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.type]) + self.public).decode()}"

    @classmethod
    def parse(cls, line: str) -> "Key":
        """Read a key; refuse one that was copied wrongly."""
        try:
            name, key_id, material = line.strip().split("+", 2)
            raw = base64.b64decode(material, validate=True)
            key = cls(name, raw[0], raw[1:])
        except (ValueError, IndexError) as error:
            raise Refused(f"not a key: {line[:80]!r}") from error
        if key.id.hex() != key_id or len(key.public) != 32:
            raise Refused(f"the key of {name[:80]!r} was copied wrongly")
        return key

    def check(self, text: str, signature: bytes) -> int:
        """Refuse unless this key signed `text`; return the time that a cosignature states, else 0."""
        message, at = text.encode(), 0
        if self.type == WITNESS_KEY:
            at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = _cosigned(text, at)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Refused(f"the signature of {self.name} is not of this text") from error
        return at


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def signers(text: str, signature_lines: str, keys: Iterable[Key]) -> dict[Key, int]:
    """Return which of `keys` signed `text`, with the times they state. Refuses when a signature of theirs is wrong."""
    known, found = {(key.name, key.id): key for key in keys}, {}
    for line in signature_lines.splitlines():
        try:
            _dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise Refused("a signature line is malformed") from error
        if key := known.get((name, raw[:4])):
            found[key] = key.check(text, raw[4:])
    return found


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint: the text that was signed, what it says, and which trusted keys signed it."""

    text: str
    origin: str
    size: int
    root: bytes
    signed_by: dict[Key, int]

    @property
    def at(self) -> float | None:
        """Return the time of its last leaf, as it states it; None where it states none."""
        return stated_at(self.text)


def stated_at(text: str) -> float | None:
    """Return the time that a checkpoint's text states for its last leaf."""
    times = [line[5:] for line in text.split("\n")[3:] if line[:5] == "time "]
    if len(times) > 1:
        raise Refused("a checkpoint states two times")
    return _moment(times[0]) if times else None


def check_order(stated: set[tuple[int, float]]) -> None:
    """Refuse times of leaves, as intervals and checkpoints state them, that go backward or differ for one leaf."""
    for (index, at), (further, later) in pairwise(sorted(stated)):
        if index == further or later < at:
            raise Refused(
                f"the times {_when(at)} of the leaf {index} and {_when(later)} of {further} contradict each other"
            )


def open_checkpoint(note: str, keys: Iterable[Key]) -> Checkpoint | None:
    """Read a signed checkpoint; None when none of `keys` signed it."""
    text, gap, lines = note.rpartition("\n\n")
    said = text.split("\n")
    if not gap or len(said) < 3 or not re.fullmatch(r"0|[1-9]\d{0,18}", said[1]):
        raise Refused("what came is not a signed checkpoint")
    signed_by = signers(text + "\n", lines, keys)
    return Checkpoint(text + "\n", said[0], int(said[1]), base64.b64decode(said[2]), signed_by) if signed_by else None


def with_successors(keys: list[Key], statement: dict[str, Any]) -> list[Key]:
    """Return `keys` and those that a trusted key introduced, as the log's statement at /api/log/keys has it."""
    trusted = list(keys)
    for one in statement["keys"]:
        text = f"markaz log key\n{statement['origin']}\n{one['vkey']}\n"
        if one["introduced_by"] and signers(text, one["introduced_by"], trusted):
            trusted.append(Key.parse(one["vkey"]))
    return list(dict.fromkeys(trusted))


def fetch(url: str, path: str, body: bytes | None = None) -> bytes:
    """Get (or post) something of the log. Raises OSError when there is no answer, which proves nothing."""
    headers = {"content-type": "application/json"} if body else {}
    request = urllib.request.Request(f"{url.rstrip('/')}/api/log/{path}", body, headers)  # noqa: S310 - the operator's own
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the same
        data: bytes = answer.read(ANSWER_MAX_BYTES)
    return data


def subtree(url: str, start: int, leaves: int, size: int) -> bytes:
    """Return the root of a perfect subtree of the tree of `size`, made from the tile of 256 hashes that holds it."""
    level = (leaves.bit_length() - 1) // 8
    first, count = start >> 8 * level, leaves >> 8 * level
    tile = first // 256
    width = min(256, (size >> 8 * level) - tile * 256)
    groups = re.findall("...", f"{tile:0{(len(str(tile)) + 2) // 3 * 3}d}")
    path = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
    data = fetch(url, f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else ""))
    if len(data) != width * 32:
        raise Refused(f"the tile {level}/{path} is not whole")
    row = [data[32 * n : 32 * n + 32] for n in range(first % 256, first % 256 + count)]
    while len(row) > 1:
        row = [_sha(b"\x01", row[n], row[n + 1]) for n in range(0, len(row), 2)]
    return row[0]


def clock() -> int:
    """Return the time here, in seconds."""
    return int(time.time())


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))


def check_alive(stated: float, grew_at: float, now: int, still_s: float) -> None:
    """Refuse a log that states a time to come, or has not grown by its own time, or by the time here, for too long."""
    if stated - now > still_s:
        raise Frozen(
            f"AHEAD: the log states the time {_when(stated)}, here it is {_when(now)}: ask which clock is wrong"
        )
    if now - min(stated, grew_at) > still_s:
        raise Frozen(f"FROZEN: the log has not grown since {_when(min(stated, grew_at))}: ask why")


def compare(url: str, seen: Edge, checkpoint: Checkpoint) -> Edge:
    """Return the edge of the new checkpoint's tree; refuse unless it begins with the whole tree seen before."""
    old_size, old_root = seen.size, seen.root().hex()
    if checkpoint.size < old_size:
        raise Refused(f"ROLLBACK: {old_size} leaves were seen, now {checkpoint.size}: an old state was restored")
    while seen.size < checkpoint.size:
        leaves = 1 << (checkpoint.size - seen.size).bit_length() - 1
        leaves = min(leaves, seen.size & -seen.size) if seen.size else leaves
        seen.add(subtree(url, seen.size, leaves, checkpoint.size), leaves)
    if seen.root() != checkpoint.root:
        kind = "SPLIT VIEW" if checkpoint.size == old_size else "FORK"
        raise Refused(f"{kind}: the tree of {checkpoint.size} does not begin with the tree of {old_size}, {old_root}")
    return seen


def look(url: str, folder: Path, pinned: list[str], now: int, still_s: float) -> Checkpoint:
    """Look once: fetch, check, remember on disk, then cosign. Refuses loudly and keeps the evidence."""
    file = folder / "state.json"
    if not file.exists() and (folder / "history.jsonl").exists():
        raise Refused(f"{file} is gone, and what was seen before is not: bring it back, or begin in a new folder")
    state = json.loads(file.read_text()) if file.exists() else {"origin": None, "keys": [], "size": 0, "edge": []}
    keys = [Key.parse(line) for line in dict.fromkeys([*state["keys"], *pinned])]
    note, statement = fetch(url, "checkpoint").decode(), json.loads(fetch(url, "keys"))
    if not keys:
        vkey = statement["keys"][-1]["vkey"]
        raise Refused(f"say with --key which key the log has. It says\n  {vkey}\nbut ask the centre by another way")
    keys = with_successors(keys, statement)
    checkpoint = open_checkpoint(note, keys)
    if checkpoint is None or state["origin"] not in (None, checkpoint.origin):
        raise Refused("the checkpoint is of another log, or signed by no key that is trusted here")
    stated, stated_before, grew_at = checkpoint.at, state.get("stated"), state.get("grew_at")
    try:
        edge = compare(url, Edge.of(state), checkpoint)
        if stated_before and stated and stated < stated_before:
            raise Refused(f"the time that the log states goes backward: {_when(stated_before)}, now {_when(stated)}")
        if grew_at is None or (checkpoint.size > state["size"] and (stated or 0) > (stated_before or 0)):
            grew_at = now
        fresh = {"origin": checkpoint.origin, "keys": [str(key) for key in keys], "note": note, "seen_at": now}
        fresh |= {"stated": stated or stated_before, "grew_at": grew_at}
        _keep(file, fresh | {"size": edge.size, "edge": [one.hex() for one in edge.hashes]}, "w")
        if stated is None:
            raise Frozen("FROZEN? The checkpoint states no time, so whether the log goes on cannot be told: ask why")
        check_alive(stated, grew_at, now, still_s)
    except Refused as refusal:
        _keep(folder / "alarms.jsonl", {"at": now, "why": str(refusal), "seen": state.get("note"), "shown": note})
        raise
    stored = json.loads((folder / "key.json").read_text())
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["private"]))
    key = Key(stored["name"], WITNESS_KEY, private.public_key().public_bytes_raw())
    signature = key.id + now.to_bytes(8, "big") + private.sign(_cosigned(checkpoint.text, now))
    line = f"\N{EM DASH} {key.name} {base64.b64encode(signature).decode()}"
    _keep(folder / "history.jsonl", {"at": now, "size": edge.size, "root": edge.root().hex(), "note": note})
    fetch(url, "cosignatures", json.dumps({"size": checkpoint.size, "cosignature": line}).encode())
    return checkpoint


def _keep(path: Path, value: dict[str, Any], mode: str = "a") -> None:
    """Write one line through to the disk: state and history are there before any cosignature leaves."""
    fresh = path.with_suffix(".new") if mode == "w" else path
    with fresh.open(mode) as file:
        file.write(json.dumps(value) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def watch(url: str, folder: Path, pinned: list[str], every_s: float, once: bool, still_s: float = STILL_S) -> int:
    """Look every so often, for ever; with `once` return one of CODES after the first look."""
    while True:
        code, said, now = 0, time.strftime("%Y-%m-%d %H:%M:%S"), clock()
        try:
            try:
                seen = look(url, folder, pinned, now, still_s)
                print(f"{said} ok: {seen.size} leaves, root {seen.root.hex()}, cosigned", flush=True)
            except (OSError, ValueError, KeyError, TypeError) as trouble:
                code = NO_ANSWER
                print(f"{said} no usable answer: {trouble!r}", file=sys.stderr, flush=True)
                check_off(folder, now, still_s)
        except Refused as refusal:
            code = refusal.code
            print(f"{said} ALARM: {refusal}", file=sys.stderr, flush=True)
        if once:
            return code
        time.sleep(every_s)


def check_off(folder: Path, now: int, still_s: float) -> None:
    """Refuse a log that gives no answer when it was last seen to grow too long ago: whoever switches it off stops it."""
    try:
        state = json.loads((folder / "state.json").read_text())
        check_alive(min(state["stated"], now), state["grew_at"], now, still_s)
    except Frozen as refusal:
        _keep(folder / "alarms.jsonl", {"at": now, "why": str(refusal), "seen": state["note"], "shown": None})
        raise
    except (OSError, ValueError, KeyError, TypeError):
        return  # nothing was seen yet, or it cannot be read, which was said


def keygen(folder: Path, name: str) -> int:
    """Make this witness's key; print the line that the centre registers."""
    if not re.fullmatch(r"[^\s+]{1,200}", name):
        raise Refused("a name has no spaces and no +, such as ombudsman.example/w1")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    with os.fdopen(os.open(folder / "key.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"name": name, "private": base64.b64encode(private.private_bytes_raw()).decode()}, file)
    print(Key(name, WITNESS_KEY, private.public_key().public_bytes_raw()))
    return 0


def _commitment(opened: dict[str, Any]) -> bytes:
    """Return the commitment to an opening. Canonical JSON (RFC 8785) of texts, whole numbers and lists is just this."""
    text = json.dumps(opened["opening"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _sha(bytes.fromhex(opened["salt"]), text.encode())


def _entry_leaf(entry: dict[str, Any]) -> bytes:
    if entry.get("opening") and _commitment(entry).hex() != json.loads(entry["body"])["commitment"]:
        raise Refused(f"entry {entry['index']} was changed: its opening does not fit its commitment")
    return _sha(b"\x00", entry["body"].encode())


@dataclass
class Times:
    """Whether entries came when they say they did: none more than a minute before the last one, or outside its interval.

    Where the log itself states that its clock was set back, or that it stood still, between two times (an entry, in the
    open), entries of those times are let pass, and the statement is reported.
    """

    report: list[str]
    last: float = 0.0
    window: tuple[float, float] | None = None

    def judge(
        self, came: list[tuple[int, dict[str, Any]]], before: dict[str, Any] | None, said: dict[str, Any]
    ) -> None:
        """Judge the entries of one interval by the interval before, where there is one."""
        stated = [body["public"] for _, body in came if body["kind"] == "administration" and "step" in body["public"]]
        for step in stated:
            ends = sorted((_moment(step["from"]), _moment(step["to"])))
            low, high = self.window or (ends[0], ends[1])
            self.window = min(low, ends[0]), max(high, ends[1])
            what = "its clock was set back" if step["step"] == "set_back" else "no leaf was made"
            self.report.append(f"note  the log states that {what} between {step['from']} and {step['to']}")
        until, low = _moment(said["at"]), _moment(before["at"]) if before else 0.0
        for index, body in came:
            at = _moment(body["at"])
            if not max(low, self.last) - TIME_SLACK_S <= at <= until + TIME_SLACK_S and not self._excused(at, stated):
                raise BackDated(
                    f"BACK-DATED: entry {index} states {body['at']}, and it came after "
                    f"{before['at'] if before else 'earlier entries'}, in the interval of {said['at']}"
                )
            self.last = at
        if self.window and until > self.window[1]:
            self.window = None

    def _excused(self, at: float, stated: list[Any]) -> bool:
        if not self.window or not self.window[0] - TIME_SLACK_S <= at <= self.window[1] + TIME_SLACK_S:
            return False
        return bool(stated) or at >= self.last - TIME_SLACK_S


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _seconds(earlier: str, later: str) -> float:
    return _moment(later) - _moment(earlier)


def _read(text: str) -> Any:
    """Read JSON; refuse it where a name stands twice in one object: one reader takes the first, another the last."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Refused("a name stands twice in one place of the file")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def _exactly(value: Any, names: str, what: str) -> None:
    """Refuse unless `value` is an object of just these names: what no step looks at must not be there."""
    if not isinstance(value, dict) or set(value) != set(names.split()):
        raise Refused(f"{what} does not consist of: {names}")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        yield from map(_read, file)


def _trusted(statement: dict[str, Any], pinned: list[str], witnesses: list[str], report: list[str]) -> list[Key]:
    if not pinned:
        report.append("note  the key of the log was taken from what was checked: give --key to be sure of it")
        pinned = [one["vkey"] for one in statement["keys"]]
    return with_successors([Key.parse(line) for line in pinned], statement) + [Key.parse(w) for w in witnesses]


def _signed(note: str, keys: list[Key], report: list[str]) -> Checkpoint:
    checkpoint = open_checkpoint(note, keys)
    if checkpoint is None or all(key.type == WITNESS_KEY for key in checkpoint.signed_by):
        raise Refused("a checkpoint is not signed by the log")
    for key, at in checkpoint.signed_by.items():
        if key.type == WITNESS_KEY:
            report.append(f"ok    the checkpoint of {checkpoint.size} leaves was cosigned by {key.name} at {_when(at)}")
    return checkpoint


def verify_proof(path: Path, pinned: list[str], witnesses: list[str]) -> Report:
    """Check that an entry, or each of a page, is in the log: entry -> its tree -> interval -> public tree -> signature."""
    report, proof = Report(), _read(path.read_text())
    kind = proof.get("format") if isinstance(proof, dict) else None
    if kind not in FILES:
        raise Refused(f"neither the proof of an entry nor a page of public entries, but {str(kind)[:80]!r}")
    _exactly(proof, FILES[kind], f"a file of the kind {kind}")
    checkpoint = _signed(proof["checkpoint"], _trusted(proof["keys"], pinned, witnesses, report), report)
    items = proof["items"] if kind == PAGE else [{"interval": proof["interval"], "entry": proof["entry"]}]
    for item in items:
        _exactly(item, "interval entry", "an item of the page")
        interval, entry = item["interval"], item["entry"]
        _exactly(interval, "salt opening path", "an interval")
        _exactly(entry, ENTRIES[kind], "an entry")
        said, what = interval["opening"], f"entry {entry['index']}"
        leaf = _sha(b"\x00", _commitment(interval))
        check_inclusion(leaf, said["index"], checkpoint.size, interval["path"], checkpoint.root, "the interval")
        if checkpoint.at is not None:
            check_order({(said["index"], _moment(said["at"])), (checkpoint.size - 1, checkpoint.at)})
        root = bytes.fromhex(said["entries_root"])
        check_inclusion(_entry_leaf(entry), entry["index"], said["entries_size"], entry["path"], root, what)
        _report_entry(kind, entry, said["at"], report)
    if not items:
        report.append("note  NOTHING IS PROVEN: there is no entry on this page")
        report.code = NOT_PROVEN
    return report


def _report_entry(kind: str, entry: dict[str, Any], since: str, report: Report) -> None:
    """Say what is proven of an entry that is in the log, and no more."""
    body, what = json.loads(entry["body"]), f"entry {entry['index']}"
    if kind == PAGE and not body["public"]:
        raise Refused(f"{what} tells nobody anything, and stands on a page of public entries")
    told = f": {json.dumps(body['public'], sort_keys=True)}" if body["public"] else ""
    whole = ", with who, what and why as the file says" if entry.get("opening") else ""
    report.append(f"ok    {what} ({body['kind']}, {body['at']}) is in the log since {since} or before{whole}{told}")
    if kind == PROOF and not whole:
        report.append(
            f"note  {what}: ONLY ITS LEAF IS PROVEN. Its opening is not here; who did what, and why, is not shown"
        )
        report.code = NOT_PROVEN


def verify_folder(folder: Path, pinned: list[str], witnesses: list[str], state: Path | None = None) -> Report:
    """Check that between the checkpoints of a folder nothing was removed or changed, nor what a witness (`state`) saw."""
    if folder.exists() and not ((folder / "manifest.json").is_file() and (folder / "signed.txt").is_file()):
        raise Refused(
            "neither an export of the log nor an audit pack: its manifest.json or signature signed.txt is missing"
        )
    report, manifest = Report(), _read((folder / "manifest.json").read_text())
    _exactly(manifest, MANIFEST, "the manifest of the folder")
    keys = _trusted(manifest["keys"], pinned, witnesses, report)
    _check_form(folder, manifest, keys, report)
    notes = [_signed(path.read_text(), keys, report) for path in (folder / "checkpoints").glob("*.txt")]
    roots = {(one.size, one.root) for one in notes}
    seen = list(_lines(state / "history.jsonl")) if state else []
    roots |= {(one["size"], bytes.fromhex(one["root"])) for one in seen}
    times = [(one.size - 1, one.at) for one in notes]
    times += [(one["size"] - 1, stated_at(one["note"].rpartition("\n\n")[0])) for one in seen]
    leaves = _check_public(
        folder, Edge.of(manifest["public"]), roots, max((one.size for one in notes), default=0), report
    )
    intervals = _check_entries(folder, manifest, leaves, report)
    check_order({(index, at) for index, at in times if at is not None} | {(one.index, one.at) for one in intervals})
    if manifest["format"] == PACK:
        said = {line[7:] for one in notes for line in one.text.split("\n") if line[:7] == "policy "}
        _check_policies(folder / "pack" / "policies", said | {one.policy for one in intervals}, report)
    return report


def _check_form(folder: Path, manifest: dict[str, Any], keys: list[Key], report: Report) -> None:
    """Check that a folder has just the files of its kind, and each is the one that the log's own key signed for."""
    kind, openings, made_at = manifest["format"], manifest["openings"], manifest["made_at"]
    if kind not in FOLDERS or not isinstance(openings, bool) or (kind == PACK and not openings):
        raise Refused(f"neither an export of the log nor an audit pack, but {str(kind)[:80]!r}, openings: {openings}")
    if _moment(made_at) > clock() + TIME_SLACK_S:
        raise Refused(f"the folder says that it was made at {made_at}, which is still to come")
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    files = {name for name, path in found.items() if path.is_file() and not path.is_symlink()}
    holding = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
    odd = set(found) - files - holding
    odd |= {name for name in files - FOLDERS[kind] - {"signed.txt"} if not re.fullmatch(ALSO[kind], name)}
    if odd or FOLDERS[kind] - files:
        raise Refused(f"not the files of a folder of the kind {kind}: {sorted(odd or FOLDERS[kind] - files)}")
    text, _, lines = (folder / "signed.txt").read_text().rpartition("\n\n")
    head, *said = text.split("\n")
    if head != kind or all(key.type == WITNESS_KEY for key in signers(text + "\n", lines, keys)):
        raise Refused(f"the folder is not signed by the log as what it says it is, {kind}")
    stated = {name: digest for digest, name in (line.split("  ", 1) for line in said)}
    files -= {"signed.txt"}
    changed = [name for name in sorted(files & set(stated)) if _sha((folder / name).read_bytes()).hex() != stated[name]]
    if changed or files != set(stated):
        raise Refused(f"files of the folder were changed, added or left out: {changed or sorted(files ^ set(stated))}")
    what = "an audit pack" if kind == PACK else f"an export of the log {'with' if openings else 'without'} openings"
    report.append(
        f"ok    this is {what}, signed by the log: {len(files)} files, none changed, none missing, made {made_at}"
    )


def _check_policies(folder: Path, said: set[str], report: list[str]) -> None:
    """Check that the texts of every version that an interval or checkpoint names are there, and no other version."""
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    if found != said:
        raise Refused(f"the policies of the pack are not those that were in force: {sorted(found ^ said)}")
    for name in found:
        parts = [folder / name / "access.cedarschema", *sorted((folder / name).glob("*.cedar"))]
        if _sha(*(path.read_bytes() if path.is_file() else b"" for path in parts)).hex() != name:
            raise Refused(f"the policies {name} of the pack are not those that the log names by their hash")
    report.append(f"ok    the policies in force are in the pack, in {len(found)} version(s), each as the log names it")


def _check_public(
    folder: Path, edge: Edge, roots: set[tuple[int, bytes]], last: int, report: list[str]
) -> dict[int, bytes]:
    """Add every public leaf to the edge and compare at every checkpoint; return the leaves by index."""
    data, leaves, compared = (folder / "leaves.bin").read_bytes(), {}, 0
    wanted: dict[int, set[bytes]] = {}
    for size, root in roots:
        wanted.setdefault(size, set()).add(root)
    for at in range(0, len(data), 32):
        leaves[edge.size] = data[at : at + 32]
        edge.add(data[at : at + 32])
        if edge.size in wanted:
            compared += 1
            if wanted[edge.size] != {edge.root()}:
                raise Refused(f"the public log does not lead to the checkpoint of {edge.size} leaves: it was rewritten")
    if edge.size != last or not leaves:
        raise Refused("the public log of this folder does not end at its last checkpoint")
    report.append(f"ok    {len(leaves)} public leaves lead unbroken through {compared} checkpoints, to {last} leaves")
    return leaves


@dataclass(frozen=True)
class Interval:
    """An interval that was opened: the index and time of its leaf, and the hash of the policies then in force."""

    index: int
    at: float
    policy: str


@dataclass
class Openings:
    """Which entries of a folder have no opening: those that say rightly why, and those whose opening is promised."""

    manifest: dict[str, Any]
    closed: int = 0
    missing: list[int] = field(default_factory=list)

    def judge(self, entry: dict[str, Any]) -> None:
        """Judge one entry by what it says and what the folder promises."""
        _exactly(entry, "index body salt opening closed", "an entry")
        promised, why = self.manifest["openings"], entry["closed"]
        if entry["opening"]:
            if not promised or why is not None:
                raise Refused(f"entry {entry['index']} has an opening, and is said to have none")
            return
        self.closed += 1
        age_s = _seconds(json.loads(entry["body"])["at"], self.manifest["made_at"])
        if why != ("ended" if promised else "not_asked") or (promised and age_s < OPENINGS_STAND_S - TIME_SLACK_S):
            self.missing.append(entry["index"])

    def report(self, count: int, report: Report) -> None:
        """Say how many entries are closed; refuse when one should not be."""
        said = f"{self.closed} of {count} entries are closed: their content is not proven"
        if self.missing:
            raise Refused(f"{said}, and of these, openings are missing that must be there: {self.missing[:20]}")
        if self.closed:
            why = "their openings ended, a year old" if self.manifest["openings"] else "openings were not asked for"
            report.append(f"note  {said} ({why})")


def _check_entries(folder: Path, manifest: dict[str, Any], leaves: dict[int, bytes], report: Report) -> list[Interval]:
    """Add every entry to the second tree; compare at every opened interval, of which the first and last leaf must be."""
    edge, openings = Edge.of(manifest["entries"]), Openings(manifest)
    entries, before, count, opened = _lines(folder / "entries.jsonl"), None, 0, list[Interval]()
    times = Times(report)
    for interval in _lines(folder / "intervals.jsonl"):
        _exactly(interval, "salt opening", "an interval")
        said = interval["opening"]
        if leaves.get(said["index"]) != _sha(b"\x00", _commitment(interval)):
            raise Refused(f"the interval {said['index']} is not the one in the public log")
        if before and (said["index"] <= before["index"] or _seconds(before["at"], said["at"]) < 0):
            raise Refused(f"the time of the interval {said['index']} goes backward")
        came = []
        while edge.size < said["entries_size"]:
            entry = next(entries, None)
            if entry is None or entry["index"] != edge.size:
                raise Refused(f"entry {edge.size} is missing")
            openings.judge(entry)
            edge.add(_entry_leaf(entry))
            count += 1
            came.append((entry["index"], json.loads(entry["body"])))
        if (edge.size, edge.root().hex()) != (said["entries_size"], said["entries_root"]):
            raise Refused(f"the first {said['entries_size']} entries are not those of {said['at']}: one was changed")
        if came and before and before["index"] != said["index"] - 1:
            raise Refused(f"the interval before {said['index']} is not opened, so when its entries came cannot be told")
        times.judge(came, before, said)
        before = said
        opened.append(Interval(said["index"], _moment(said["at"]), said["policy_hash"]))
    if next(entries, None) is not None or {min(leaves), max(leaves)} - {one.index for one in opened}:
        raise Refused("entries or intervals were left out at the ends of this folder")
    report.append(f"ok    {count} entries, complete and unchanged, in {len(opened)} intervals")
    openings.report(count, report)
    return opened


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return one of CODES."""
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in CODES.items())
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        description="A witness of a Markaz log.", epilog=f"exit codes:\n{codes}", formatter_class=plain
    )
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("keygen", help="make a key for this witness")
    made.add_argument("dir", type=Path)
    made.add_argument("name", help="such as ombudsman.example/w1")
    seeing = commands.add_parser("watch", help="watch a log and cosign its checkpoints")
    seeing.add_argument("url", help="address of the centre, such as https://centre.example")
    seeing.add_argument("--dir", type=Path, required=True, help="folder of this witness: key, state, history")
    seeing.add_argument("--every", type=float, default=300.0, help="seconds between two looks (300)")
    seeing.add_argument("--once", action="store_true", help="look once")
    seeing.add_argument("--still", type=float, default=STILL_S, help=f"seconds the log may stand still ({STILL_S})")
    checking = commands.add_parser("verify", help="check an exported folder, a proof or public entries, offline")
    checking.add_argument("path", type=Path)
    checking.add_argument("--witness", action="append", default=[], help="key of a witness whose cosignature counts")
    checking.add_argument("--dir", type=Path, help="folder of a witness: what it saw must be in the log, too")
    for command in (seeing, checking):
        command.add_argument("--key", action="append", default=[], help="key of the log, learned by another way")
    given = parser.parse_args(arguments)
    try:
        if given.command == "watch":
            return watch(given.url, given.dir, given.key, given.every, given.once, given.still)
        if given.command == "keygen":
            return keygen(given.dir, given.name)
        one = (given.path, given.key, given.witness)
        report = verify_proof(*one) if given.path.is_file() else verify_folder(*one, given.dir)
    except (Refused, OSError, ValueError, KeyError, TypeError) as error:
        print(f"ALARM: {error}" if isinstance(error, Refused) else f"cannot be read: {error!r}", file=sys.stderr)
        return error.code if isinstance(error, Refused) else UNREADABLE
    print("\n".join(report))
    return report.code


if __name__ == "__main__":
    sys.exit(main())
