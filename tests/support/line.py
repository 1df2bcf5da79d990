"""A line between browsers and a centre that can be cut and mended: every connection breaks, and none can be made meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536


class Line:
    """Forwards bytes from a loopback port of its own to the centre."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends."""
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._there)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there_writer}
        ways = {asyncio.create_task(_pump(reader, there_writer)), asyncio.create_task(_pump(there_reader, writer))}
        try:
            # Either end closes both: half a line would swallow a request sent while the centre closes an idle connection.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for one in (writer, there_writer):
                self._open.discard(one)
                one.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[tuple[str, Line]]:
    """Yield the address of a line to `url` on loopback, and the line."""
    host, _, port = url.removeprefix("http://").partition(":")
    line = Line(host, int(port))
    server = await asyncio.start_server(line.serve_one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", line
    finally:
        line.cut()
        server.close()
