"""A small keep-alive HTTP client for JSON: light, so that on two cores it takes little from what is measured."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import orjson

BODY_LIMIT_BYTES = 64_000_000  # a snapshot of a whole country fits


class Client:
    """One connection to the centre, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: str) -> None:
        self._reader = reader
        self._writer = writer
        self._headers = headers

    @classmethod
    async def connect(cls, host: str, port: int, headers: Mapping[str, str]) -> "Client":
        """Return a client that sends `headers` with every request."""
        reader, writer = await asyncio.open_connection(host, port, limit=BODY_LIMIT_BYTES)
        fixed = {"host": f"{host}:{port}", "content-type": "application/json", **headers}
        return cls(reader, writer, "".join(f"{name}: {value}\r\n" for name, value in fixed.items()))

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a command under a new idempotency key and return the answer. Raises RuntimeError on a refusal."""
        sent = orjson.dumps(body)
        head = f"POST {path} HTTP/1.1\r\n{self._headers}idempotency-key: {secrets.token_hex(8)}\r\n"
        answer = await self._send(f"{head}content-length: {len(sent)}\r\n\r\n".encode() + sent)
        answered: dict[str, Any] = orjson.loads(answer)
        return answered

    async def get(self, path: str) -> bytes:
        """Return the body at a path. Raises RuntimeError on a refusal."""
        return await self._send(f"GET {path} HTTP/1.1\r\n{self._headers}\r\n".encode())

    async def _send(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        at = head.lower().index(b"content-length: ") + len(b"content-length: ")
        body = await self._reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        if status >= 300:
            raise RuntimeError(f"{request[: request.index(b' HTTP')].decode()} was answered {status}: {body[:300]!r}")
        return body
