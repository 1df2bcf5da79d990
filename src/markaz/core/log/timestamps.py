"""Time stamps of checkpoints by a third party (RFC 3161), by setting: who says when a checkpoint existed.

Best effort: a stamp that does not come is asked for again, and nothing waits for it. Of an answer the message imprint is
compared here; whose signature it carries is for the reader to judge (`openssl ts -verify`), who knows whom to trust.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import httpx

from markaz.core.db.pool import Database
from markaz.kit.clock import Clock

log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)
TIMEOUT_S: Final = 15.0
ANSWER_MAX_BYTES: Final = 100_000  # a token with its certificates is about 6 kB
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier {2.16.840.1.101.3.4.2.1, NULL}
_GRANTED = (0, 1)  # granted, granted with modifications (RFC 3161 section 2.4.2)
_SEQUENCE, _INTEGER, _OCTETS, _EXPLICIT_0 = 0x30, 0x02, 0x04, 0xA0


class StampRefused(ValueError):
    """The answer is no stamp of what was asked for."""


class Timestamper:
    """Has the newest checkpoint stamped, every hour."""

    def __init__(
        self, database: Database, clock: Clock, url: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._url = url
        self._transport = transport

    async def stamp(self) -> int | None:
        """Have the newest checkpoint stamped unless one was within the hour; return its size, or None."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT size, body FROM log_checkpoints WHERE NOT EXISTS (SELECT FROM log_checkpoints "
                "WHERE timestamp_token IS NOT NULL AND at > $1) ORDER BY size DESC LIMIT 1",
                self._clock.now() - EVERY,
            )
        if row is None:
            return None
        digest = hashlib.sha256(row["body"].encode()).digest()
        try:
            token = stamp_token(await self._asked(digest), digest)
        except (httpx.HTTPError, StampRefused) as trouble:
            log.warning("no time stamp of the log: %s", type(trouble).__name__)
            return None
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE log_checkpoints SET timestamp_token = $2 WHERE size = $1 AND timestamp_token IS NULL",
                row["size"],
                token,
            )
        return int(row["size"])

    async def _asked(self, digest: bytes) -> bytes:
        headers = {"content-type": "application/timestamp-query"}
        async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S) as client:
            answer = await client.post(self._url, content=stamp_request(digest), headers=headers)
        answer.raise_for_status()
        if len(answer.content) > ANSWER_MAX_BYTES:
            raise StampRefused("too long")
        return answer.content


def stamp_request(digest: bytes) -> bytes:
    """Return the DER of a request to stamp a SHA-256 (TimeStampReq), with a nonce, asking for the certificate too."""
    imprint = _der(_SEQUENCE, _SHA256 + _der(_OCTETS, digest))
    nonce = _der(_INTEGER, b"\x01" + secrets.token_bytes(8))
    return _der(_SEQUENCE, _der(_INTEGER, b"\x01") + imprint + nonce + b"\x01\x01\xff")


def stamp_token(answer: bytes, digest: bytes) -> bytes:
    """Return the token (a CMS ContentInfo) of an answer (TimeStampResp). Raises StampRefused unless it stamps `digest`."""
    try:
        response = _children(answer, 0, len(answer))
        ((_, start, _, end),) = response
        status, token = _children(answer, start, end)
        number = next(iter(_children(answer, status[1], status[3])))
        if int.from_bytes(answer[number[1] : number[3]], "big") not in _GRANTED:
            raise StampRefused("not granted")
        if _imprint(answer, token) != digest:
            raise StampRefused("it stamps something else")
    except (ValueError, IndexError, StopIteration) as error:
        raise error if isinstance(error, StampRefused) else StampRefused("not an answer of RFC 3161") from error
    return answer[token[2] : token[3]]


_Element = tuple[int, int, int, int]  # tag, begin of the content, begin of the element, end


def _imprint(data: bytes, token: _Element) -> bytes:
    """Return the hash within ContentInfo > SignedData > EncapsulatedContentInfo > TSTInfo > MessageImprint."""
    signed = _inside(data, _inside(data, token, 1, _EXPLICIT_0), 0, _SEQUENCE)
    content = _inside(data, _inside(data, signed, 2, _SEQUENCE), 1, _EXPLICIT_0)
    info = _inside(data, _inside(data, content, 0, _OCTETS), 0, _SEQUENCE)
    imprint = _inside(data, info, 2, _SEQUENCE)
    hashed = _inside(data, imprint, 1, _OCTETS)
    return data[hashed[1] : hashed[3]]


def _inside(data: bytes, element: _Element, index: int, tag: int) -> _Element:
    found = _children(data, element[1], element[3])[index]
    if found[0] != tag:
        raise ValueError("another structure")
    return found


def _children(data: bytes, start: int, end: int) -> list[_Element]:
    return list(_elements(data, start, end))


def _elements(data: bytes, at: int, end: int) -> Iterator[_Element]:
    """Yield the DER elements of `data[at:end]` (X.690 section 8.1)."""
    while at < end:
        tag, length, content = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            if not 0 < count <= 4:
                raise ValueError("a length that DER does not have here")
            length, content = int.from_bytes(data[content : content + count], "big"), content + count
        if content + length > end:
            raise ValueError("an element that ends beyond what holds it")
        yield tag, content, at, content + length
        at = content + length


def _der(tag: int, content: bytes) -> bytes:
    if len(content) >= 0x80:
        raise ValueError("requests are short")
    return bytes([tag, len(content)]) + content
