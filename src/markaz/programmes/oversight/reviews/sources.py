"""Where reviews find what is not theirs: the root of the log at the end of a day, and the words of a stated purpose."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from markaz.contracts.reviews import Question, StatedPurpose
from markaz.core.db.pool import Connection
from markaz.core.log.tiles import Hashes, Wanted, frontier_of
from markaz.core.sealing import Sealer
from markaz.programmes.oversight.reviews import store


class LogRoots:
    """The roots of the entry tree, from its leaves and tiles."""

    async def root_at(self, connection: Connection, size: int) -> bytes:
        """Return the root of the first `size` leaves, RFC 9162 section 2.1.1. Raises KeyError when some are missing."""

        async def fetch(wanted: Wanted) -> Hashes:
            return {level: await store.hashes(connection, level, ranges) for level, ranges in wanted.items()}

        return (await frontier_of(size, fetch)).root()


class StatedPurposes:
    """The purposes that people stated before they looked (core.access)."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def stated(self, connection: Connection, purpose_ids: Iterable[UUID]) -> Mapping[UUID, StatedPurpose]:
        """Return the purposes with their words, None for erased ones. The caller leaves the entry of this look."""
        rows = await store.purposes(connection, list(purpose_ids))
        opened = await self._sealer.read(connection, [row["sealed_id"] for row in rows])
        return {
            row["id"]: StatedPurpose((opened[row["sealed_id"]] or {}).get("purpose"), _questions(row)) for row in rows
        }

    async def questions(
        self, connection: Connection, purpose_ids: Iterable[UUID]
    ) -> Mapping[UUID, frozenset[Question]]:
        """Return the questions that purposes raise by themselves."""
        return {row["id"]: _questions(row) for row in await store.purposes(connection, list(purpose_ids))}


def _questions(row: store.Record) -> frozenset[Question]:
    raised = {Question.SELF_OPENED: row["self_opened"], Question.EDITED_BEFORE: row["edited_before"]}
    return frozenset(question for question, is_raised in raised.items() if is_raised)
