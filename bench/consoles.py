"""Many consoles in one process, `python -m bench.consoles HOST PORT PATH TOKENS_FILE OUTPUT`: light on purpose.

Each holds one stream and notes when a frame of events was there whole, on the machine's monotonic clock. It prints
"connected" when every stream has begun. Standard input then gives the number of the last event; when every console has
seen it and no more comes, it writes what they saw.
"""

import asyncio
import pickle
import re
import sys
import time
from array import array
from functools import partial
from pathlib import Path
from typing import cast

import uvloop

from markaz.web.guard import SESSION_COOKIE

FRAME = re.compile(rb"id: (\d+)\nevent: events\n")
END = b"\n\n"
PATIENCE_S = 30.0
QUIET_S = 0.3
POLL_S = 0.05
Seen = tuple["array[int]", "array[int]"]  # numbers of the frames, and when each was there, in ns


class Console(asyncio.Protocol):
    """One stream. It looks for whole frames only; what the transport puts between them is passed over."""

    def __init__(self, request: bytes, begun: asyncio.Future[None]) -> None:
        self._request = request
        self._begun = begun
        self._rest = b""
        self.heard_ns = 0
        self.numbers = array("q")
        self.times_ns = array("q")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast(asyncio.WriteTransport, transport).write(self._request)

    def connection_lost(self, _error: Exception | None) -> None:
        """Say so when the stream never began."""
        if not self._begun.done():
            self._begun.set_exception(ConnectionError("the stream was refused"))

    def data_received(self, data: bytes) -> None:
        """Note every frame that is complete now."""
        now_ns = self.heard_ns = time.monotonic_ns()
        if not self._begun.done() and b"\r\n\r\n" in data:
            self._begun.set_result(None)
        data = self._rest + data
        whole = data.rfind(END) + len(END)
        if whole < len(END):
            self._rest = data
            return
        self._rest = data[whole:]
        for found in FRAME.finditer(data, 0, whole):
            self.numbers.append(int(found[1]))
            self.times_ns.append(now_ns)


class Recorder(Console):
    """A console that also keeps the frames themselves."""

    def __init__(self, request: bytes, begun: asyncio.Future[None]) -> None:
        super().__init__(request, begun)
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Keep the bytes."""
        self.received += data
        super().data_received(data)


async def watch(host: str, port: int, path: str, tokens: list[str]) -> tuple[list[Seen], bytes]:
    """Open one stream for each token; return what each saw up to the last event, and the first one's bytes."""
    loop = asyncio.get_running_loop()
    consoles: list[Console] = []
    for token in tokens:
        request = f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: {SESSION_COOKIE}={token}\r\n\r\n".encode()
        begun = loop.create_future()
        console = Console(request, begun) if consoles else Recorder(request, begun)
        await loop.create_connection(partial(_given, console), host, port)
        await begun
        consoles.append(console)
    print("connected", flush=True)
    last = int(await loop.run_in_executor(None, sys.stdin.readline))
    for _ in range(int(PATIENCE_S / POLL_S)):
        await asyncio.sleep(POLL_S)
        quiet_ns = time.monotonic_ns() - max(console.heard_ns for console in consoles)
        if quiet_ns > QUIET_S * 1e9 and all(last in console.numbers for console in consoles):
            break
    first = consoles[0]
    assert isinstance(first, Recorder)
    return [(console.numbers, console.times_ns) for console in consoles], first.received


def _given(console: Console) -> Console:
    return console


def main() -> None:
    """Run as a process of its own."""
    host, port, path, tokens, output = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seen = runner.run(watch(host, int(port), path, Path(tokens).read_text().split()))
    Path(output).write_bytes(pickle.dumps(seen))


if __name__ == "__main__":
    main()
