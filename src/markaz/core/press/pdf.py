"""The PDF of a document, set in a child process that is bounded in time, memory and size and sees no setting of ours."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from markaz.core.errors import MarkazError, Unavailable

CHILD = Path(__file__).with_name("child.py")
PATIENCE_S = 30.0  # a country's day takes about one second
MAX_BYTES = 10_000_000
AT_ONCE = 2


class NotSet(MarkazError):
    """The document could not be set; nothing of its text is in the message."""

    status = 500
    code = "not_set"


class Press:
    """Sets PDFs of one template, a few at once."""

    def __init__(self, template: Path) -> None:
        self._template = template
        self._free = asyncio.Semaphore(AT_ONCE)

    async def pdf_of(self, report: Mapping[str, Any]) -> bytes:
        """Return the PDF of a report; the same report gives the same bytes.

        Raises Unavailable when it takes too long, NotSet when it cannot be set or is too large.
        """
        async with self._free:
            code, pdf = await _set(self._template, orjson.dumps(report))
        if code != 0 or not pdf.startswith(b"%PDF-") or len(pdf) > MAX_BYTES:
            raise NotSet("The document could not be set: tell whoever runs this centre.")
        return pdf


async def _set(template: Path, report: bytes) -> tuple[int | None, bytes]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(CHILD),
        str(template),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        pdf, _ = await asyncio.wait_for(child.communicate(report), PATIENCE_S)
    except TimeoutError as error:
        raise Unavailable("The document takes too long to set: try again later.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return child.returncode, pdf
