"""The API fuzzed from its own OpenAPI document: whatever is sent, the answer is documented and never a fault of ours.

MARKAZ_TEST_FUZZ_CASES and MARKAZ_TEST_FUZZ_SEED choose another number and another seed. The suite sends the same requests
each time; the deep run sends 50,000 from a seed of the day, which it prints.
"""

import os
import secrets

import pytest
from tests.support.canary import everything_logged
from tests.support.fuzzing import ENDLESS, Tally, Target, fuzz, served_target

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.settings import Settings

CASES = int(os.environ.get("MARKAZ_TEST_FUZZ_CASES", "3000"))
DEEP_CASES = 50_000
SEED_OF_THE_SUITE = 102
SEED = int(os.environ.get("MARKAZ_TEST_FUZZ_SEED", "0"))

# What a request can only be served with a state that chance does not reach.
SELDOM_SERVED = {
    "POST /api/session",
    "POST /api/session/code",
    "POST /api/session/passkey/options",
    "POST /api/session/passkey",
    "POST /api/session/provider",
    "GET /api/session/provider/return",
    "POST /api/me/proof",
    "POST /api/me/passkeys/options",
    "POST /api/me/passkeys",
    "DELETE /api/me/passkeys/{passkey_id}",
    "POST /api/me/codes",
    "DELETE /api/me/codes",
    "POST /api/me/recovery-codes",
    "DELETE /api/me/sessions/{session_id}",
    "POST /api/incidents/{incident_id}/corrections",
    "POST /api/incidents/{incident_id}/finished-sendings/{seq}/strike",  # the number of the event that entered one
    "POST /api/handovers/{handover_id}/acceptance",  # two people, and each item acknowledged
    "GET /api/oversight/packs",  # a period whose checkpoint a witness has cosigned
}


def run(settings: Settings, database: DatabaseAccess, cases: int, seed: int) -> None:
    print(f"seed: MARKAZ_TEST_FUZZ_SEED={seed}, {cases} cases")
    with everything_logged("WARNING") as log, served_target(settings, database) as target:
        tally = fuzz(target, cases, seed)
        print(f"{tally.statuses.total()} sent: {dict(sorted(tally.statuses.items()))}")
        assert_still_sound(target)
    assert "unexpected error" not in log.getvalue()
    assert_reached_the_commands(target, tally)


def assert_still_sound(target: Target) -> None:
    """The log is dense, no hole was seen, nothing is left half written, and the centre is ready."""
    counted = target.ask(target.running.rows("SELECT count(*) AS n, coalesce(max(seq), 0) AS last FROM events"))[0]
    assert counted["n"] == counted["last"] == target.ask(target.running.seq())
    assert target.running.centre.hub.holes == 0
    ready = target.ask(target.running.nobody.get("/readyz"))
    assert ready.json() == {"status": "ready", "problems": []}
    unkeyed = "SELECT 1 FROM sealed_fields f WHERE NOT EXISTS (SELECT FROM keys.sealed_keys k WHERE k.sealed_id = f.sealed_id) "
    unkeyed += "AND NOT EXISTS (SELECT FROM erasures e WHERE e.sealed_id = f.sealed_id)"
    assert target.ask(target.running.rows(unkeyed)) == []


def assert_reached_the_commands(target: Target, tally: Tally) -> None:
    """A run that was refused everywhere would prove little."""
    operations = {f"{m.upper()} {path}" for path, methods in target.document["paths"].items() for m in methods}
    assert set(tally.by_operation) == operations - {ENDLESS}
    unserved = {name: dict(tally.by_operation[name]) for name in tally.never_served - SELDOM_SERVED}
    assert len(unserved) <= 3, unserved


def test_whatever_is_sent_the_answer_is_documented_and_no_fault_of_ours(
    centre_settings: Settings, database: DatabaseAccess
) -> None:
    run(centre_settings, database, CASES, SEED or SEED_OF_THE_SUITE)


@pytest.mark.deep
def test_fifty_thousand_requests_find_no_fault_of_ours(centre_settings: Settings, database: DatabaseAccess) -> None:
    cases = int(os.environ.get("MARKAZ_TEST_FUZZ_CASES", str(DEEP_CASES)))
    run(centre_settings, database, cases, SEED or secrets.randbits(32))
