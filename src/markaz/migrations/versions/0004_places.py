"""The gazetteer: streets, crossings, house numbers, landmarks and neighbourhoods by which a place is found."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE places (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    source_key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('street','crossing','house','landmark','neighbourhood','settlement','other')),
    names jsonb NOT NULL,
    aliases text[] NOT NULL DEFAULT '{}',
    house text CHECK ((house IS NOT NULL) = (kind = 'house')),
    lon float8 NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat float8 NOT NULL CHECK (lat BETWEEN -90 AND 90),
    territory_id integer REFERENCES territories (id),
    valid boolean NOT NULL DEFAULT true,
    UNIQUE (source, source_key)
);
CREATE UNLOGGED TABLE places_incoming (
    source_key text NOT NULL,
    kind text NOT NULL,
    names jsonb NOT NULL,
    aliases text[] NOT NULL,
    house text,
    lon float8 NOT NULL,
    lat float8 NOT NULL,
    territory_id integer
);
GRANT SELECT, INSERT, UPDATE ON places TO markaz_app;
GRANT SELECT, INSERT, TRUNCATE ON places_incoming TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
