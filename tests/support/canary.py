"""Canaries: words that name a person, sent into a centre by every way there is, and the places they must not turn up."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from tests.support.centre import RunningCentre

from markaz.core.db.folder import CentreFolder
from markaz.core.db.tools import connect_owner, tools_for
from markaz.web.logs import JsonFormatter


@dataclass
class Canaries:
    """Makes unique words and remembers them."""

    words: dict[str, str] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)  # further forms of a word, byte by byte

    def text(self, what: str) -> str:
        """Return a new text that stands for a name, an address or a note."""
        return self.words.setdefault(what, f"Canary{what.title().replace(' ', '')}{secrets.token_hex(6)}")

    def phone(self, what: str) -> str:
        """Return a new phone number in groups; its digits alone are a canary too."""
        digits = f"99890{secrets.randbelow(10**7):07d}"
        self.words[f"{what} digits"] = digits
        spoken = self.words[what] = f"+{digits[:3]} {digits[3:5]} {digits[5:8]}-{digits[8:10]}-{digits[10:]}"
        return spoken

    def found_in(self, place: bytes) -> list[str]:
        """Return what was found: as it was written, in hex as bytea columns are dumped, or in UTF-16."""
        forms = {
            what: (word.encode(), word.encode().hex().encode(), word.encode("utf-16-le"))
            for what, word in self.words.items()
        }
        return [
            what
            for what, forms_of in forms.items()
            if any(form in place for form in (*forms_of, self.raw.get(what, forms_of[0])))
        ]


@contextmanager
def everything_logged(at_least: str = "DEBUG") -> Iterator[StringIO]:
    """Catch every log line of every logger, from a level on, in the server's own format."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(at_least)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


async def dump(running: RunningCentre, file: Path) -> None:
    """Write pg_dump's plain text of the whole database to `file`."""
    connection = await connect_owner(running.access.owner_dsn)
    try:
        tools = await tools_for(connection, running.access.owner_dsn, running.centre.settings.postgres_bin)
    finally:
        await connection.close()
    await tools.run("pg_dump", "--format=plain", "--inserts", f"--file={file}")


def files_of(home: Path, *further: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the raw bytes of a cluster: write-ahead log, data files, PostgreSQL's log and ours; and further files."""
    folder = CentreFolder.at(home)
    for name, root in (("database", folder.database.resolve()), ("log", folder.log)):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield f"{name}/{path.relative_to(root)}", path.read_bytes()
    for path in further:
        yield path.name, path.read_bytes()
