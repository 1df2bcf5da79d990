"""What tests of the database itself share: rows of every table, single questions, and waiting for something."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.folder import CentreFolder
from markaz.core.db.pool import Connection, Database
from markaz.core.db.status import State, Status, read_status

HEAL_S = 30.0
# What a connection raises while the database is away, starting or full.
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)

# One row for every table that a centre fills, in the shape of the revision that made the table. A later revision that
# makes tables adds its own entry; it never edits an older one, because old centres hold rows of the old shape.
ROWS_SINCE = {
    "0001": """
        INSERT INTO territories VALUES (1, 'UZ', NULL, 'country', '{"en": "Uzbekistan"}', '2020-01-01', NULL);
        INSERT INTO territory_boundaries VALUES (1, '{"type": "Polygon", "coordinates": []}', '{56,37,73,45}');
        INSERT INTO accounts (id, login, display_name, kind)
            VALUES ('00000000-0000-7000-8000-000000000001', 'olim', 'Olim', 'person');
        INSERT INTO grants VALUES ('00000000-0000-7000-8000-000000000001', 'dispatcher', 1);
        INSERT INTO sessions VALUES ('\\x01', '00000000-0000-7000-8000-000000000001', now(), now());
        INSERT INTO idempotency VALUES ('00000000-0000-7000-8000-000000000001', 'k', '\\x02', 201, '{}', now());
        UPDATE event_counter SET seq = 2;
        INSERT INTO events (seq, type, aggregate_id, territory_id, actor_id, occurred_at, occurred_source, payload)
            SELECT n, 'incident.opened/1', '00000000-0000-7000-8000-000000000002', 1,
                '00000000-0000-7000-8000-000000000001', now(), 'console', '{}' FROM generate_series(1, 2) n;
        INSERT INTO audit_entries (actor_id, action, record_kind, reason)
            VALUES ('00000000-0000-7000-8000-000000000001', 'read', 'incident', 'duty');
        INSERT INTO keys.sealed_keys VALUES ('00000000-0000-7000-8000-000000000003', '\\x04');
        INSERT INTO sealed_fields VALUES ('00000000-0000-7000-8000-000000000003', 'caller_name', '\\x05');
        INSERT INTO sealed_search VALUES ('00000000-0000-7000-8000-000000000003', 'caller_phone', '\\x06');
        INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id,
                received_at, opened_by, updated_by)
            VALUES ('00000000-0000-7000-8000-000000000002', '1', 'open', 'fire', '1', '1', 'phone', 1, now(),
                '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001');
        INSERT INTO calls VALUES ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000002',
            'phone', now(), '00000000-0000-7000-8000-000000000003');
        INSERT INTO units (id, call_sign, kind, territory_id, status, since, updated_by)
            VALUES ('00000000-0000-7000-8000-000000000005', 'N-1', 'patrol', 1, 'available', now(),
                '00000000-0000-7000-8000-000000000001');
        INSERT INTO assignments (incident_id, unit_id, ordinal)
            VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000005', 1);
        INSERT INTO import_rows VALUES ('sffd', '1');
        INSERT INTO unit_positions VALUES ('00000000-0000-7000-8000-000000000005', now(), now(), 69.2, 41.3, 5);
    """,
    "0004": """
        INSERT INTO places (source, source_key, kind, names, house, lon, lat, territory_id)
            VALUES ('streets', '1', 'house', '{"en": "Amir Temur street"}', '12', 69.2, 41.3, 1);
        INSERT INTO places_incoming VALUES ('1', 'street', '{}', '{}', NULL, 69.2, 41.3, NULL);
    """,
    "0006": """
        INSERT INTO call_details VALUES ('00000000-0000-7000-8000-000000000010', '00000000-0000-7000-8000-000000000002',
            now(), '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000003');
        INSERT INTO hazard_notes (id, territory_id, lon, lat, radius_m, source, ground, sealed_id, written_by,
                written_at, expires_at)
            VALUES ('00000000-0000-7000-8000-000000000011', 1, 69.2, 41.3, 50, 'fire_service', 'gas',
                '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', now(),
                now() + interval '30 days');
        INSERT INTO call_drafts VALUES ('00000000-0000-7000-8000-000000000012', '00000000-0000-7000-8000-000000000001',
            '00000000-0000-7000-8000-000000000003', now(), now());
    """,
    "0007": """
        INSERT INTO parties (id, incident_id, role, is_minor, is_unknown, sealed_id, at, by_id)
            VALUES ('00000000-0000-7000-8000-000000000020', '00000000-0000-7000-8000-000000000002', 'witness', false,
                false, '00000000-0000-7000-8000-000000000003', now(), '00000000-0000-7000-8000-000000000001');
        INSERT INTO parties_before VALUES ('00000000-0000-7000-8000-000000000020', 1, 'caller', false, false, '{}',
            '00000000-0000-7000-8000-000000000003', now(), '00000000-0000-7000-8000-000000000001');
        INSERT INTO vehicles (id, incident_id, role, sealed_id, at, by_id)
            VALUES ('00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000002', 'parked',
                '00000000-0000-7000-8000-000000000003', now(), '00000000-0000-7000-8000-000000000001');
        INSERT INTO vehicles_before VALUES ('00000000-0000-7000-8000-000000000021', 1, 'involved',
            '00000000-0000-7000-8000-000000000003', now(), '00000000-0000-7000-8000-000000000001');
        INSERT INTO keys.sealed_keys VALUES ('00000000-0000-7000-8000-000000000022', '\\x07');
        INSERT INTO sealed_blobs VALUES ('00000000-0000-7000-8000-000000000022', '\\x08');
        INSERT INTO attachments VALUES ('00000000-0000-7000-8000-000000000023', '00000000-0000-7000-8000-000000000002',
            'image/jpeg', 1, 1, 1, '00000000-0000-7000-8000-000000000022', now(),
            '00000000-0000-7000-8000-000000000001');
        INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id,
                received_at, opened_by, updated_by)
            VALUES ('00000000-0000-7000-8000-000000000024', '2', 'open', 'fire', '1', '1', 'phone', 1, now(),
                '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001');
        INSERT INTO incident_links VALUES ('00000000-0000-7000-8000-000000000002',
            '00000000-0000-7000-8000-000000000024', 'related', now(), '00000000-0000-7000-8000-000000000001');
        INSERT INTO shut_out_posts VALUES ('00000000-0000-7000-8000-000000000002', 1, 1, 'household', now(),
            '00000000-0000-7000-8000-000000000001');
        INSERT INTO shut_out_accounts VALUES ('00000000-0000-7000-8000-000000000002',
            '00000000-0000-7000-8000-000000000001');
    """,
    "0008": """
        INSERT INTO dispatch_decisions (id, incident_id, at, by_id, taken)
            VALUES ('00000000-0000-7000-8000-000000000801', '00000000-0000-7000-8000-000000000002', now(),
                '00000000-0000-7000-8000-000000000001', '{00000000-0000-7000-8000-000000000005}');
    """,
    "0009": """
        INSERT INTO territory_terrain VALUES (1, 'rural');
        INSERT INTO alarms (id, kind, cause, unit_id, territory_id, raised_at, raised_by, occurred_at)
            VALUES ('00000000-0000-7000-8000-000000000009', 'emergency', 'emergency',
                '00000000-0000-7000-8000-000000000005', 1, now(), '00000000-0000-7000-8000-000000000001', now());
        INSERT INTO acknowledgements VALUES ('00000000-0000-7000-8000-000000000009',
            '00000000-0000-7000-8000-000000000001', now());
    """,
    "0010": """
        INSERT INTO territories VALUES (2, 'UZ-A', 1, 'region', '{"en": "A"}', '2020-01-01', NULL);
        INSERT INTO accounts (id, login, display_name, kind)
            VALUES ('00000000-0000-7000-8000-0000000010a1', 'bek', 'Bek', 'person');
        INSERT INTO shifts VALUES ('00000000-0000-7000-8000-0000000010b1', 1, 'night', now(), now() + interval '8 hours');
        INSERT INTO units (id, call_sign, kind, territory_id, status, since, updated_by)
            VALUES ('00000000-0000-7000-8000-0000000010c1', 'N-10', 'patrol', 1, 'available', now(),
                '00000000-0000-7000-8000-000000000001');
        INSERT INTO unit_logons (id, unit_id, shift_id, logged_on_at, logged_on_by) VALUES
            ('00000000-0000-7000-8000-0000000010d1', '00000000-0000-7000-8000-0000000010c1',
             '00000000-0000-7000-8000-0000000010b1', now(), '00000000-0000-7000-8000-000000000001');
        INSERT INTO unit_crews VALUES ('00000000-0000-7000-8000-0000000010d1', '00000000-0000-7000-8000-000000000001');
        INSERT INTO roster VALUES ('00000000-0000-7000-8000-0000000010b1', '00000000-0000-7000-8000-0000000010c1',
            '00000000-0000-7000-8000-000000000001');
        INSERT INTO roster_swaps VALUES ('00000000-0000-7000-8000-0000000010e1', '00000000-0000-7000-8000-0000000010b1',
            '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-0000000010a1', 'asked', now());
        INSERT INTO position_holds VALUES ('00000000-0000-7000-8000-000000000002', now(),
            '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', now());
        INSERT INTO held_positions VALUES ('00000000-0000-7000-8000-000000000002',
            '00000000-0000-7000-8000-0000000010c1', now(), now(), 69.2, 41.3, 5);
        INSERT INTO aid_requests (id, territory_id, from_territory_id, kind, count, until, reason, state, asked_at,
                asked_by)
            VALUES ('00000000-0000-7000-8000-0000000010f1', 1, 2, 'patrol', 1, now(), 'skill', 'open', now(),
                '00000000-0000-7000-8000-000000000001');
        INSERT INTO unit_loans VALUES ('00000000-0000-7000-8000-0000000010f2', '00000000-0000-7000-8000-0000000010c1',
            '00000000-0000-7000-8000-0000000010f1', 1, 2, now(), '00000000-0000-7000-8000-000000000001');
    """,
    "0011": """
        INSERT INTO summaries VALUES ('00000000-0000-7000-8000-00000000000b', 1, '2026-01-01', 1, now(),
            '00000000-0000-7000-8000-000000000001', 2, '{}', '{}');
        INSERT INTO summary_incidents VALUES ('00000000-0000-7000-8000-00000000000b', 1,
            '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003');
        INSERT INTO handovers (id, territory_id, shift, state, from_account, signed_out_at, as_of_seq)
            VALUES ('00000000-0000-7000-8000-00000000000c', 1, 'night', 'offered',
                '00000000-0000-7000-8000-000000000001', now(), 2);
        INSERT INTO handover_items (id, handover_id, ordinal, kind, count)
            VALUES ('00000000-0000-7000-8000-00000000000d', '00000000-0000-7000-8000-00000000000c', 1, 'weapons', 12);
    """,
    "0018": """
        INSERT INTO purposes VALUES ('00000000-0000-7000-8000-000000001801', '00000000-0000-7000-8000-000000000001',
            'incident', '00000000-0000-7000-8000-000000000002', '1', 'call_back', 1,
            '00000000-0000-7000-8000-000000000003', '\\x01', false, false, now(), now() + interval '30 min', NULL);
        INSERT INTO tasks (id, kind, record_kind, territory_id, opened_at, due_at)
            VALUES ('00000000-0000-7000-8000-000000001802', 'break_glass_review', 'broken_glass', 1, now(), now());
        INSERT INTO broken_glass (id, account_id, record_kind, record_id, reference, territory_id, ground, sealed_id,
                task_id, alarm_id, broken_at, ends_at)
            VALUES ('00000000-0000-7000-8000-000000001803', '00000000-0000-7000-8000-000000000001', 'incident',
                '00000000-0000-7000-8000-000000000002', '1', 1, 'life', '00000000-0000-7000-8000-000000000003',
                '00000000-0000-7000-8000-000000001802', '00000000-0000-7000-8000-000000000009', now(),
                now() + interval '30 min');
        INSERT INTO two_person_requests (id, kind, what, territory_id, asked_by, asked_at, ends_at)
            VALUES ('00000000-0000-7000-8000-000000001804', 'appointment', '{}', 1,
                '00000000-0000-7000-8000-000000000001', now(), now() + interval '1 day');
    """,
    "0026": """
        INSERT INTO policy_texts VALUES ('abc', 'desk.cedar', 'permit', now());
    """,
    "0028": """
        INSERT INTO rate_duties VALUES ('2026-Q1', '00000000-0000-7000-8000-000000001901', now());
    """,
    "0012": """
        INSERT INTO field_reports VALUES ('00000000-0000-7000-8000-000000000001',
            '00000000-0000-7000-8000-00000000000c', '00000000-0000-7000-8000-000000000005', now(), '{}');
    """,
    "0024": """
        INSERT INTO right_corrections VALUES ('00000000-0000-7000-8000-000000001901',
            '00000000-0000-7000-8000-000000001903');
    """,
    "0020": """
        INSERT INTO deletion_certificates VALUES ('00000000-0000-7000-8000-000000002001', 'callers', now(), 'abc', 1,
            now(), now());
    """,
    "0017": """
        INSERT INTO passkeys (id, account_id, credential_id, public_key, sign_count, is_backed_up, name, added_at)
            VALUES ('00000000-0000-7000-8000-000000001701', '00000000-0000-7000-8000-000000000001', '\\x17', '\\x18', 1,
                false, 'blue key', now());
        INSERT INTO one_time_codes VALUES ('00000000-0000-7000-8000-000000000001',
            '00000000-0000-7000-8000-000000000003', 1, now());
        INSERT INTO recovery_codes VALUES ('00000000-0000-7000-8000-000000000001', '\\x19', NULL);
        INSERT INTO provider_links VALUES ('\\x1a', '00000000-0000-7000-8000-000000000001', now());
        INSERT INTO spent_steps VALUES ('\\x1b', now());
        INSERT INTO known_browsers VALUES ('00000000-0000-7000-8000-000000000001', '\\x1c', now());
        INSERT INTO sign_in_guesses VALUES ('\\x1d', 1, now(), now());
    """,
    "0005": """
        INSERT INTO alerts (id, state, territory_id, identifier, sender, sent, status, msg_type, scope, severity,
                summary, xml, signature, recorded_at, updated_by, updated_at)
            VALUES ('00000000-0000-7000-8000-000000000006', 'received', 1, 'a1', 'duty@elsewhere.example', now(),
                'Actual', 'Alert', 'Public', 'Severe', '{"texts": {}}', '\\x05', 'none', now(),
                '00000000-0000-7000-8000-000000000001', now());
        INSERT INTO alert_references VALUES ('00000000-0000-7000-8000-000000000006', 'duty@elsewhere.example', 'a0',
            now());
    """,
    "0014": """
        UPDATE log_state SET size = 256;
        INSERT INTO log_leaves SELECT n, sha256('\\x0000'), '\\x00' FROM generate_series(0, 255) n;
        INSERT INTO log_tiles VALUES (1, 0, sha256('\\x0001'));
        INSERT INTO audit_entries (actor_id, action, record_kind, reason, leaf, salt, kind)
            SELECT '00000000-0000-7000-8000-000000000001', 'read', 'incident', 'duty', n, sha256('\\x01'), 'view'
            FROM generate_series(0, 255) n;
    """,
    "0015": """
        UPDATE log_public SET origin = 'markaz.example/log', size = 256, at = now();
        INSERT INTO log_intervals VALUES (0, now(), 1000, 256, sha256('\\x02'), 'markaz/1', 'none', 1);
        INSERT INTO log_public_tiles VALUES (1, 0, sha256('\\x03'));
        INSERT INTO log_checkpoints VALUES (256, now(), 'body', 'signatures', true);
        INSERT INTO log_witnesses VALUES ('witness.example', 'vkey', now());
        INSERT INTO log_cosignatures VALUES (256, 'witness.example', 'line', now());
    """,
    "0019": """
        INSERT INTO tasks (id, kind, record_kind, territory_id, opened_at, due_at)
            VALUES ('00000000-0000-7000-8000-000000001901', 'review', 'review_case', 1, now(), now());
        INSERT INTO review_samples VALUES ('2026-01-01', now(), 'random/1', 1, decode(repeat('00', 32), 'hex'), 1, 1, 0, 0);
        INSERT INTO review_cases (id, label, day, entry_id, territory_id, viewer_id, probability, questions, task_id)
            VALUES ('00000000-0000-7000-8000-000000001902', 'ABCD2345', '2026-01-01', 1, 1,
                '00000000-0000-7000-8000-000000000001', 1, '{colleague}', '00000000-0000-7000-8000-000000001901');
        INSERT INTO misuse_rates VALUES ('2026-Q1', 1, now(), '00000000-0000-7000-8000-000000000001', '{}');
        INSERT INTO declared_facts VALUES ('00000000-0000-7000-8000-000000000001', 1, '\\x01', now());
        INSERT INTO right_requests (id, number, kind, territory_id, language, received_at, sealed_id, identity_document,
                identity_checked_by, task_id)
            VALUES ('00000000-0000-7000-8000-000000001903', 'R-2026-1', 'who_looked', 1, 'ru', now(),
                '00000000-0000-7000-8000-000000000003', 'passport', '00000000-0000-7000-8000-000000000001',
                '00000000-0000-7000-8000-000000001901');
        INSERT INTO right_records VALUES ('00000000-0000-7000-8000-000000001903',
            '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', '1', 1, 'caller', now());
        INSERT INTO disclosed_looks VALUES ('00000000-0000-7000-8000-000000001903', 1);
        INSERT INTO disclosure_delays (id, territory_id, ground, begins_at, ends_at, set_by)
            VALUES ('00000000-0000-7000-8000-000000001904', 1, 'inquiry', now(), now() + interval '30 days',
                '00000000-0000-7000-8000-000000000001');
        INSERT INTO delayed_looks VALUES ('00000000-0000-7000-8000-000000001904', 1);
        INSERT INTO restrictions (id, sealed_id, request_id, restricted_at)
            VALUES ('00000000-0000-7000-8000-000000001905', '00000000-0000-7000-8000-000000000003',
                '00000000-0000-7000-8000-000000001903', now());
    """,
    "0029": """
        INSERT INTO right_requests (id, number, kind, territory_id, language, received_at, sealed_id, identity_document,
                identity_checked_by, task_id)
            VALUES ('00000000-0000-7000-8000-000000002901', 'R-2026-2', 'restriction', 1, 'ru', now(),
                '00000000-0000-7000-8000-000000000003', 'passport', '00000000-0000-7000-8000-000000000001',
                '00000000-0000-7000-8000-000000001901');
        INSERT INTO restrictions (id, sealed_id, request_id, restricted_at)
            VALUES ('00000000-0000-7000-8000-000000002902', '00000000-0000-7000-8000-000000000003',
                '00000000-0000-7000-8000-000000002901', now());
    """,
    "0031": """
        INSERT INTO withdrawn_facts (account_id, home_territory_id, address_hash, ended_at)
            VALUES ('00000000-0000-7000-8000-000000000001', 1, '\\x01', now());
    """,
    "0032": """
        INSERT INTO record_moves (kind, item_id, from_id, to_id, at, was_first)
            VALUES ('calls', '00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000002',
                '00000000-0000-7000-8000-000000000002', now(), true);
        INSERT INTO right_places (request_id, incident_id, incident_number, received_at)
            VALUES ('00000000-0000-7000-8000-000000001903', '00000000-0000-7000-8000-000000000002', '1', now());
    """,
}


async def populate(dsn: str, revisions: list[str]) -> None:
    """Add the rows of each revision, as the owner."""
    connection = await asyncpg.connect(dsn)
    try:
        for revision in revisions:
            await connection.execute(ROWS_SINCE.get(revision, "SELECT"))
    finally:
        await connection.close()


async def row_counts(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'keys')"
        )
        return {t["name"]: await connection.fetchval(f"SELECT count(*) FROM {t['name']}") for t in tables}
    finally:
        await connection.close()


@asynccontextmanager
async def as_centre(access: DatabaseAccess) -> AsyncIterator[Connection]:
    """A transaction with the application's rights and the centre's own reach."""
    database = await Database.open(access.app_dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            yield connection
    finally:
        await database.close()


def ask(dsn: str, query: str) -> Any:
    """Return the first value of a query, on a connection of its own. For tests without an event loop."""

    async def run() -> Any:
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(run())


def wait_for(claim: Callable[[], object], patience_s: float = HEAL_S) -> None:
    """Return when `claim` holds; it may fail as a lost database fails until then."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            if claim():
                return
        except LOST:
            pass
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def status_of(home: Path) -> Status:
    """What the supervisor of `home` last said."""
    return read_status(CentreFolder.at(home).status) or Status(State.STOPPED, 0)


def server_pid(home: Path) -> int:
    """The process id of the PostgreSQL of `home`."""
    return int((home / "database" / "cluster" / "postmaster.pid").read_text().split()[0])
