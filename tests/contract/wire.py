"""An HTTP/1.1 client that takes its bytes only when asked to, so that a test decides how slow it is.

Nothing here knows what a frame means; tests/contract/transports.py does.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Answer:
    """A response whose body is still coming."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def chunk(self) -> bytes:
        """Return the next piece of the body; empty at its end. Raises ConnectionError when it was cut off."""
        if self.headers.get("transfer-encoding") == "chunked":
            line = await self.reader.readline()
            if not line:
                raise ConnectionError("cut off")
            size = int(line, 16)
            return (await self.reader.readexactly(size + 2))[:size]
        return await self.reader.readexactly(int(self.headers.get("content-length", "0")))

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


async def get(port: int, path: str, headers: Mapping[str, str], *, receive_buffer: int | None = None) -> Answer:
    """Send a GET and return once its headers are there. `receive_buffer` makes a client that soon has no room left."""
    channel = socket.socket()
    if receive_buffer is not None:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    channel.setblocking(False)
    await asyncio.get_running_loop().sock_connect(channel, ("127.0.0.1", port))
    limit = 65_536 if receive_buffer is None else receive_buffer
    reader, writer = await asyncio.open_connection(sock=channel, limit=limit)
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    first = await reader.readline()
    if not first:
        raise ConnectionError("cut off before an answer")
    status = int(first.split()[1])
    found = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return Answer(status, found, reader, writer)
