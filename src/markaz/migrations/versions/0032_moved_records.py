"""Where a person's record stood at what time: a merge or a split takes no look out of "who looked at me?".

Moves made before this revision are filled from their events. What an answer given before it rested on stays what it was.
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE record_moves (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('calls','notes','parties','vehicles','attachments')),
    item_id uuid NOT NULL,
    from_id uuid NOT NULL REFERENCES incidents (id),
    to_id uuid NOT NULL REFERENCES incidents (id),
    at timestamptz NOT NULL,
    was_first boolean NOT NULL
)""",
    # Whether an old call was the first one of its incident nobody knows now: rather a look told too many than too few.
    """
INSERT INTO record_moves (kind, item_id, from_id, to_id, at, was_first)
SELECT moved.kind, item.id::uuid, f.id, t.id, e.occurred_at, moved.kind = 'calls'
FROM events e CROSS JOIN LATERAL jsonb_each(e.payload -> 'moved') AS moved (kind, ids)
CROSS JOIN LATERAL jsonb_array_elements_text(moved.ids) AS item (id)
JOIN incidents f ON f.id = e.aggregate_id
JOIN incidents t ON t.id = coalesce(e.payload ->> 'into_id', e.payload ->> 'other_id')::uuid
WHERE e.type IN ('incident.merged/1', 'incident.split/1') ORDER BY e.seq""",
    "CREATE INDEX record_moves_item ON record_moves (item_id, id)",
    "CREATE INDEX record_moves_from ON record_moves (from_id)",
    "GRANT SELECT, INSERT ON record_moves TO markaz_app",
    """
CREATE TABLE right_places (
    request_id uuid NOT NULL REFERENCES right_requests (id),
    incident_id uuid NOT NULL REFERENCES incidents (id),
    incident_number text NOT NULL,
    received_at timestamptz NOT NULL,
    since timestamptz,
    until timestamptz
)""",
    """
INSERT INTO right_places (request_id, incident_id, incident_number, received_at)
SELECT x.request_id, x.incident_id, x.incident_number, min(x.received_at)
FROM right_records x JOIN right_requests r ON r.id = x.request_id
WHERE r.kind = 'who_looked' AND r.answered_at IS NOT NULL GROUP BY 1, 2, 3""",
    "CREATE INDEX right_places_request ON right_places (request_id)",
    "CREATE INDEX right_places_incident ON right_places (incident_id)",
    "GRANT SELECT, INSERT ON right_places TO markaz_app",
    "CREATE POLICY reach ON right_places USING ((SELECT current_setting('markaz.reach', true) = 'system') "
    "OR (SELECT current_setting('markaz.rights', true) = 'on')) "
    "WITH CHECK ((SELECT current_setting('markaz.reach', true) IN ('system', 'actor')))",
    "ALTER TABLE right_places ENABLE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    """Create both tables and fill them from what is kept."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
