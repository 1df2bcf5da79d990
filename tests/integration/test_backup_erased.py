"""What was erased stays unreadable whichever backup comes back: keys live for two weeks, and lists of erasures go with them."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.database import populate
from tests.support.saved import KEYS_DAYS, NAME, Place

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.key_age import prune_keys
from markaz.core.db.migrate import known_revisions
from markaz.core.db.restore import restore
from markaz.core.db.trouble import DatabaseRefused
from markaz.core.settings import Settings


@pytest.fixture
async def full(database: DatabaseAccess, tmp_path: Path, centre_settings: Settings) -> Place:
    await populate(database.owner_dsn, ["0001"])
    assert known_revisions()
    place = Place(database, tmp_path / "home", centre_settings)
    await place.run(*(f"DELETE FROM {t}" for t in ("sealed_fields", "sealed_search", "keys.sealed_keys")))
    return place


@pytest.fixture
def empty(empty_database: DatabaseAccess, tmp_path: Path, centre_settings: Settings) -> Place:
    return Place(empty_database, tmp_path / "new-home", centre_settings)


def age(keys: Path, days: float) -> None:
    """Let a backup of keys be that old."""
    manifest = json.loads((keys / "manifest.json").read_text())
    manifest["made_at"] = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    (keys / "manifest.json").write_text(json.dumps(manifest))


async def test_yesterdays_data_and_keys_restored_after_an_erasure_leave_the_field_unreadable(
    full: Place, empty: Place, tmp_path: Path
) -> None:
    erased, kept = await full.seal(), await full.seal()
    await full.backup(tmp_path / "yesterday", tmp_path / "yesterday-keys")
    await full.erase(erased)
    await full.backup(tmp_path / "today", tmp_path / "today-keys")
    done = await empty.restore(
        tmp_path / "yesterday", tmp_path / "yesterday-keys", tmp_path / "today-keys" / "erasures.json"
    )
    assert done.erased_again == 1
    assert await empty.name_of(erased) is None
    assert await empty.name_of(kept) == NAME


async def test_keys_are_not_restored_while_nothing_says_who_was_erased_since(
    full: Place, empty: Place, tmp_path: Path
) -> None:
    erased = await full.seal()
    await full.backup(tmp_path / "before", tmp_path / "before-keys")
    await full.backup(tmp_path / "data", tmp_path / "keys")
    age(tmp_path / "before-keys", 2)
    await full.erase(erased)

    async def restored(given: Path | None, *, waived: bool = False) -> None:
        source, keys = tmp_path / "data", tmp_path / "keys"
        folder, days = empty.folder, KEYS_DAYS
        await restore(
            empty.access, folder, source, keys, empty.chosen, keys_days=days, erased=given, without_erased=waived
        )

    with pytest.raises(DatabaseRefused, match="--no-newer-erasures"):
        await restored(None)
    for given in ("keys", "before-keys"):
        with pytest.raises(DatabaseRefused, match="does not say who was erased since"):
            await restored(tmp_path / given / "erasures.json")
    await restored(None, waived=True)
    assert await empty.name_of(erased) == NAME, "this is what the refusal is about"


async def test_keys_older_than_an_erasure_may_take_are_refused(full: Place, empty: Place, tmp_path: Path) -> None:
    sealed = await full.seal()
    await full.backup(tmp_path / "data", tmp_path / "keys")
    for days, why in ((14.1, "would come back"), (-3, "lies ahead")):
        age(tmp_path / "keys", days)
        with pytest.raises(DatabaseRefused, match=why):
            await empty.restore(tmp_path / "data", tmp_path / "keys")
    age(tmp_path / "keys", 13)
    (tmp_path / "other.json").write_text('{"no": "list"}')
    with pytest.raises(DatabaseRefused, match="no list of erasures"):
        await empty.restore(tmp_path / "data", tmp_path / "keys", tmp_path / "other.json")
    await empty.restore(tmp_path / "data", tmp_path / "keys")
    assert await empty.name_of(sealed) == NAME


async def test_pruning_destroys_old_keys_and_nothing_else(full: Place, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    await full.backup(saved / "one")  # keys beside the data
    shutil.copytree(saved / "one", saved / "two")
    shutil.copytree(saved / "one" / "keys", saved / "only-keys")
    (saved / "notes.txt").write_text("not ours")
    for keys, days in (("one/keys", 15), ("two/keys", 13), ("only-keys", 400)):
        age(saved / keys, days)
    assert prune_keys(saved, datetime.now(UTC), KEYS_DAYS) == [saved / "one" / "keys", saved / "only-keys"]
    left = {path.relative_to(saved).as_posix() for path in saved.rglob("*") if path.is_dir()}
    assert left == {"one", "two", "two/keys", "two/keys/files"}
    assert (saved / "one" / "data.dump").is_file()
    assert (saved / "notes.txt").is_file()
