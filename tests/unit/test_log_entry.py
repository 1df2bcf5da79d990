"""What a log entry says in public and what it hides."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
import rfc8785

from markaz.core.log.entry import Entry, EntryKind, commitment_of, leaf_of, roles_of
from markaz.core.log.tree import leaf_hash
from markaz.core.permissions import Grant, Role

ACTOR = UUID("01a20000-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_leaf_hash_is_that_of_rfc_9162() -> None:
    # The empty leaf of the published vectors of Certificate Transparency.
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_equal_entries_have_leaves_that_cannot_be_told_to_be_equal() -> None:
    entry = Entry(EntryKind.VIEW, "incident.read_sealed", ACTOR, "incident", None, "incident 1")
    one, other = leaf_of(entry, NOW), leaf_of(entry, NOW)
    assert one.opening == other.opening
    assert one.hash != other.hash
    assert commitment_of(one.salt, one.opening.encode()).hex().encode() in one.body


def test_body_is_canonical_and_shows_only_kind_time_and_what_is_public() -> None:
    entry = Entry(
        EntryKind.ACCESS_CHANGE, "appointed", ACTOR, "account", ACTOR, "appointment", public={"office": "auditor"}
    )
    leaf = leaf_of(entry, NOW)
    commitment = commitment_of(leaf.salt, leaf.opening.encode()).hex()
    assert leaf.body == rfc8785.dumps(
        {
            "v": 1,
            "kind": "access_change",
            "at": "2026-11-22T04:00:00Z",
            "public": {"office": "auditor"},
            "commitment": commitment,
        }
    )


def test_a_number_that_canonical_json_cannot_hold_is_refused() -> None:
    entry = Entry(EntryKind.EXPORT, "a", ACTOR, "b", None, "c", details={"bytes": 2**60})
    with pytest.raises(rfc8785.CanonicalizationError):
        leaf_of(entry, NOW)


def test_roles_are_named_in_one_order() -> None:
    grants = (Grant(Role.SUPERVISOR, 7), Grant(Role.OBSERVER, 1))
    assert roles_of(grants) == roles_of(reversed(grants)) == ("observer@1", "supervisor@7")
