"""Sealing without a database: what is sealed opens only there, under those keys, and equal phones find each other."""

import base64
import errno
import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markaz.core.sealing import KEY_BYTES, KEY_FILE, KeysMissing, SealBroken, Sealer

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def new_sealer() -> Sealer:
    return Sealer(os.urandom(KEY_BYTES), os.urandom(KEY_BYTES))


class Table:
    """The two tables that hold one sealed record or more, in memory; stands in for a connection."""

    def __init__(self, sealer: Sealer, records: dict[UUID, dict[str, str]]) -> None:
        fields, keys, self.search = sealer.seal_many(records.items())
        self.fields = {(id_, field): ciphertext for id_, field, ciphertext in fields}
        self.keys = dict(keys)

    async def fetch(self, sql: str, wanted: list[UUID]) -> list[dict[str, Any]]:
        if "keys.sealed_keys" in sql:
            return [
                {"sealed_id": i, "wrapped_key": self.keys[i], "is_restricted": False} for i in wanted if i in self.keys
            ]
        return [
            {"sealed_id": id_, "field": field, "ciphertext": ciphertext}
            for (id_, field), ciphertext in self.fields.items()
            if id_ in wanted
        ]

    async def read(self, sealer: Sealer, id_: UUID) -> dict[str, str] | None:
        return (await sealer.read(self, [id_]))[id_]  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from(["caller_name", "caller_phone", "address", "note"]), TEXT, min_size=1))
async def test_what_is_sealed_opens_to_the_very_same_text(values: dict[str, str]) -> None:
    sealer, id_ = new_sealer(), uuid4()
    assert await Table(sealer, {id_: values}).read(sealer, id_) == values


@given(TEXT.filter(lambda text: len(text.encode()) > 5))
def test_no_ciphertext_holds_its_text(text: str) -> None:
    fields, keys, _ = new_sealer().seal_many([(uuid4(), {"note": text})])
    assert text.encode() not in fields[0][2] + keys[0][1]


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    fields, keys, _ = new_sealer().seal_many([(uuid4(), {"note": "twice"}) for _ in range(50)])
    assert len({ciphertext for _, _, ciphertext in fields}) == 50
    assert len({wrapped for _, wrapped in keys}) == 50


async def test_a_ciphertext_moved_to_another_record_or_field_does_not_open() -> None:
    sealer, one, two = new_sealer(), uuid4(), uuid4()
    table = Table(sealer, {one: {"note": "of one", "address": "of one"}, two: {"note": "of two"}})
    table.fields[two, "note"] = table.fields[one, "note"]
    with pytest.raises(SealBroken):
        await table.read(sealer, two)
    table.fields[one, "note"] = table.fields[one, "address"]
    with pytest.raises(SealBroken):
        await table.read(sealer, one)


async def test_a_key_moved_together_with_its_ciphertext_does_not_open() -> None:
    sealer, one, two = new_sealer(), uuid4(), uuid4()
    table = Table(sealer, {one: {"note": "of one"}, two: {"note": "of two"}})
    table.keys[two], table.fields[two, "note"] = table.keys[one], table.fields[one, "note"]
    with pytest.raises(KeysMissing):
        await table.read(sealer, two)


@pytest.mark.parametrize("position", [0, 12, -1])
async def test_a_changed_bit_does_not_open(position: int) -> None:
    sealer, id_ = new_sealer(), uuid4()
    table = Table(sealer, {id_: {"note": "as it was"}})
    changed = bytearray(table.fields[id_, "note"])
    changed[position] ^= 1
    table.fields[id_, "note"] = bytes(changed)
    with pytest.raises(SealBroken):
        await table.read(sealer, id_)


async def test_another_key_file_opens_nothing_and_says_so() -> None:
    id_ = uuid4()
    table = Table(new_sealer(), {id_: {"note": "sealed here"}})
    with pytest.raises(KeysMissing, match="does not fit the data") as refused:
        await table.read(new_sealer(), id_)
    assert (refused.value.status, refused.value.code) == (503, "keys_missing")


async def test_a_record_without_its_key_is_erased_and_the_others_stay() -> None:
    sealer, one, two = new_sealer(), uuid4(), uuid4()
    table = Table(sealer, {one: {"note": "goes"}, two: {"note": "stays"}})
    del table.keys[one]
    assert await table.read(sealer, one) is None
    assert await table.read(sealer, two) == {"note": "stays"}


PHONE_VARIANTS = ["+998 90 123-45-67", "998901234567", "+998(90)1234567", "998.90.123.45.67", " +998 90 123 45 67 "]


@pytest.mark.parametrize("variant", PHONE_VARIANTS)
def test_a_phone_is_found_however_it_is_written(variant: str) -> None:
    sealer = new_sealer()
    assert sealer.keyed_hash("caller_phone", variant) == sealer.keyed_hash("caller_phone", PHONE_VARIANTS[0])


def test_another_phone_field_or_key_has_another_hash() -> None:
    sealer, phone = new_sealer(), "998901234567"
    hashes = [
        sealer.keyed_hash("caller_phone", phone),
        sealer.keyed_hash("caller_phone", "998901234568"),
        sealer.keyed_hash("other", phone),
        new_sealer().keyed_hash("caller_phone", phone),
        hashlib.sha256(phone.encode()).digest(),
    ]
    assert len(set(hashes)) == len(hashes)


def test_only_phones_with_a_digit_can_be_searched_for() -> None:
    sealer = new_sealer()
    records = [(uuid4(), {"caller_phone": "---", "caller_name": "998901234567", "address": "12"})]
    assert sealer.seal_many(records)[2] == []
    assert len(sealer.seal_many([(uuid4(), {"caller_phone": "+1"})])[2]) == 1


async def test_only_a_searchable_field_is_searched() -> None:
    with pytest.raises(ValueError, match="not searchable"):
        await new_sealer().find(None, "caller_name", "Somebody")  # type: ignore[arg-type]
    assert await new_sealer().find(None, "caller_phone", "---") == []  # type: ignore[arg-type]


def test_a_body_hash_cannot_be_guessed_without_the_key() -> None:
    body = b'{"caller":{"phone":"998901234567"}}'
    one, two = new_sealer(), new_sealer()
    assert one.body_hash(body) == one.body_hash(body)
    assert len({one.body_hash(body), two.body_hash(body), hashlib.sha256(body).digest()}) == 3


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = Sealer.open(tmp_path)
    path = tmp_path / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert Sealer.open(tmp_path, create=False).body_hash(b"same") == first.body_hash(b"same")
    assert [p.name for p in path.parent.iterdir()] == [KEY_FILE.name]


def test_many_that_start_a_new_centre_at_once_get_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=8) as workers:
        sealers = list(workers.map(lambda _: Sealer.open(tmp_path), range(16)))
    assert len({s.body_hash(b"same") for s in sealers}) == 1
    assert [p.name for p in (tmp_path / KEY_FILE).parent.iterdir()] == [KEY_FILE.name]


def test_a_missing_key_file_is_never_replaced_when_there_are_data(tmp_path: Path) -> None:
    with pytest.raises(KeysMissing, match="restore it from the key backup"):
        Sealer.open(tmp_path, create=False)
    assert not (tmp_path / KEY_FILE).exists()


def test_a_key_file_that_finds_no_room_leaves_nothing_and_is_made_when_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(KeysMissing, match="could not be made: No space left"):
            Sealer.open(tmp_path)
    assert list((tmp_path / KEY_FILE).parent.iterdir()) == []
    Sealer.open(tmp_path)


def test_the_name_of_a_new_key_file_reaches_the_disk_before_anything_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    to_disk = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        to_disk(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    Sealer.open(tmp_path)
    assert synced[1:] == [(tmp_path / KEY_FILE).parent, tmp_path]


GOOD = base64.b64encode(bytes(KEY_BYTES)).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        json.dumps({"kek": GOOD}),
        json.dumps({"kek": 5, "search_key": GOOD}),
        json.dumps({"kek": "short", "search_key": GOOD}),
        json.dumps({"kek": GOOD[:-8], "search_key": GOOD}),
    ],
)
def test_a_broken_key_file_is_said_to_be_one_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / KEY_FILE
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(KeysMissing, match="cannot be read"):
        Sealer.open(tmp_path)
    assert path.read_text() == content
