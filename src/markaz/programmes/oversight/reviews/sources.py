"""Where reviews find what is not theirs: the root of the log at the end of a day, and the words of a stated purpose."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from markaz.contracts.reviews import Question, StatedPurpose
from markaz.core.db.pool import Connection
from markaz.core.log.tiles import Hashes, Wanted, frontier_of
from markaz.programmes.oversight.reviews import store


class LogRoots:
    """The roots of the entry tree, from its leaves and tiles."""

    async def root_at(self, connection: Connection, size: int) -> bytes:
        """Return the root of the first `size` leaves, RFC 9162 section 2.1.1. Raises KeyError when some are missing."""

        async def fetch(wanted: Wanted) -> Hashes:
            return {level: await store.hashes(connection, level, ranges) for level, ranges in wanted.items()}

        return (await frontier_of(size, fetch)).root()


class NoPurposes:
    """A centre in which no purpose is stated yet."""

    async def stated(self, _connection: Connection, _ids: Iterable[UUID]) -> Mapping[UUID, StatedPurpose]:
        """Return nothing."""
        return {}

    async def questions(self, _connection: Connection, _ids: Iterable[UUID]) -> Mapping[UUID, frozenset[Question]]:
        """Return nothing."""
        return {}
