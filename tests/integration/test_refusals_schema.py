"""The closed list of columns against the real schema: nothing beside it, and a planted column or right is found."""

import asyncpg
import pytest

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.refusals.guard import load_lists
from markaz.core.refusals.schema import schema_problems

LISTS = load_lists()


async def test_every_column_of_every_table_stands_in_the_closed_list(database: DatabaseAccess) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        assert [str(problem) for problem in await schema_problems(connection, LISTS)] == []
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        ("ALTER TABLE parties ADD religion text", "column parties.religion: refused: protected_traits"),
        ("ALTER TABLE parties ADD remark text", "column parties.remark: not in the closed list"),
        ("CREATE TABLE party_links (a uuid)", "column party_links.a: refused: victims_with_suspects"),
        ("GRANT UPDATE ON events TO markaz_app", "column events: refused: silent_edit"),
        ("GRANT DELETE ON erasures TO markaz_app", "column erasures: refused: silent_edit"),
    ],
)
async def test_what_is_planted_in_the_schema_is_found(database: DatabaseAccess, plant: str, found: str) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        await connection.execute(plant)
        assert [str(problem) for problem in await schema_problems(connection, LISTS)] == [found]
    finally:
        await connection.close()
