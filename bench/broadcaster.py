"""The yardstick of the stream, `python -m bench.broadcaster PLAN OUTPUT`: a bare asyncio server of server-sent events.

It plays the same commands to a copy of the same database with the bare driver, at the same times, and after each commit
writes the bytes that the centre's consoles got for that command to every subscriber. It checks, filters and keeps
nothing. It prints its port, begins at a line on standard input, and writes when each commit was acknowledged.
"""

import asyncio
import pickle
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from bench.pace import Pace
from bench.tape import Command, Driver, play
from markaz.core.db.pool import Session

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play: command k goes over connection k modulo their number, `per_s` of them a second."""

    dsn: str
    connections: int
    before: Sequence[Command]  # not timed: they prepare the statements
    commands: Sequence[Command]
    frames: Mapping[int, bytes]  # what to send after which command
    per_s: float


class Broadcaster:
    """The subscribers and the commits."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._subscribers: list[asyncio.StreamWriter] = []
        self.acknowledged_ns: dict[int, int] = {}
        self.commit_ms: list[float] = []

    async def subscribe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a subscriber in."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        self._subscribers.append(writer)

    async def play(self, connections: Sequence[Driver]) -> None:
        """Play the whole plan, broadcasting after each commit."""
        pace = Pace(self._plan.per_s)

        async def play_lane(lane: int) -> None:
            for number in range(lane, len(self._plan.commands), len(connections)):
                await pace.turn(number)
                began_ns = time.monotonic_ns()
                await play(connections[lane], self._plan.commands[number])
                self.acknowledged_ns[number] = time.monotonic_ns()
                self.commit_ms.append((self.acknowledged_ns[number] - began_ns) / 1e6)
                self._broadcast(self._plan.frames.get(number, b""))

        await asyncio.gather(*(play_lane(lane) for lane in range(len(connections))))

    def _broadcast(self, frame: bytes) -> None:
        if frame:
            for writer in self._subscribers:
                writer.write(frame)


async def serve(plan: Plan) -> Broadcaster:
    """Serve subscribers, and play when told to."""
    connections = [await asyncpg.connect(plan.dsn, connection_class=Session) for _ in range(plan.connections)]
    for number, command in enumerate(plan.before):
        await play(connections[number % len(connections)], command)
    broadcaster = Broadcaster(plan)
    server = await asyncio.start_server(broadcaster.subscribe, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    await broadcaster.play(connections)
    print("played", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)  # until the consoles have seen it all
    for connection in connections:
        await connection.close()
    return broadcaster


def main() -> None:
    """Run as a process of its own."""
    plan = pickle.loads(Path(sys.argv[1]).read_bytes())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        played = runner.run(serve(plan))
    Path(sys.argv[2]).write_bytes(pickle.dumps((played.acknowledged_ns, played.commit_ms)))


if __name__ == "__main__":
    main()
