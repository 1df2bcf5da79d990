"""stream: how long after its acknowledgement a command is on every console.

200 consoles of ten officers hold a stream each, in a process of their own; 50 commands a second come over HTTP. A
command is acknowledged when its answer is with the client, and shown on a console when the frame that covers its number
is there whole. `stream.shown` is the 99th percentile over all commands and consoles, over the same for a bare
broadcaster (bench/broadcaster.py); `stream.shown_p99_ms` holds the centre's own to a bound. `stream.commit_p99_ms` is
the round trip of a command over HTTP, beside the bare driver's transaction, both with the disk's flush in it.
"""

import asyncio
import math
import pickle
import re
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

import orjson
import uvloop

from bench.broadcaster import Plan
from bench.client import Client
from bench.cluster import BenchCluster, BenchDatabase, bench_cluster
from bench.consoles import Seen
from bench.desk import COMMANDS_PER_INCIDENT, Officer, make_desk, work_one_incident
from bench.figures import Figure, alone, compared
from bench.pace import Pace
from bench.server import Server, serving
from bench.settings import RUNS, Scale, say
from bench.tape import Command, Tape, record

CONSOLES = 200
COMMANDS_PER_S = 50.0
OFFICERS = 10
INCIDENTS = {Scale.SMALL: 2, Scale.FULL: 10}  # each officer's, in one run: 2.4 s or 12 s
TARGET_MS = 150.0
TARGET_RATIO = 3.0
ROOT = Path(__file__).parents[1]
EVENTS = re.compile(rb"id: (\d+)\nevent: events\ndata: [^\n]*\n\n")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one side, in ms: the 99th percentiles of showing and of the command's own round trip."""

    shown_p99_ms: float
    command_p99_ms: float


@dataclass(frozen=True, slots=True)
class Sent:
    """What the centre did with the commands of one run, by their number: its last event, and the frame that told it."""

    seqs: Mapping[int, int]
    frames: Mapping[int, bytes]


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures."""
    with bench_cluster() as cluster, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        template = cluster.empty()
        _, officers = runner.run(make_desk(template.access.app_dsn, OFFICERS))
        recorded, ours, yardstick = (cluster.copy(template.name) for _ in range(3))
        incidents = INCIDENTS[scale]
        say("stream: recording the statements")
        played = (incidents + 1) * (RUNS + 1)  # each run of the yardstick plays one incident first, to prepare
        tape = runner.run(record(recorded.access.app_dsn, cluster.home / "recorded", officers, played))
        pairs = []
        with serving(ours, cluster.home / "centre") as server:
            for number in range(RUNS + 1):
                say(f"stream: run {number} of {RUNS}" if number else "stream: warming up")
                centre, sent = _ours(runner, cluster, server, officers, incidents)
                plan = _plan(yardstick, tape, number, incidents, sent)
                pairs.append((centre, _yardstick(cluster, officers, plan, sent)))
    shown = [centre.shown_p99_ms for centre, _ in pairs[1:]]
    commands = [centre.command_p99_ms for centre, _ in pairs[1:]]
    bare = [measured for _, measured in pairs[1:]]
    yield compared("stream.shown", "ms", shown, [one.shown_p99_ms for one in bare], target=TARGET_RATIO)
    yield alone("stream.shown_p99_ms", "ms", shown, target=TARGET_MS)
    yield compared("stream.commit_p99_ms", "ms", commands, [one.command_p99_ms for one in bare])


def _ours(
    runner: asyncio.Runner, cluster: BenchCluster, server: Server, officers: Sequence[Officer], incidents: int
) -> tuple[Measured, Sent]:
    seq = runner.run(_last_seq(server, officers[0]))
    with _Consoles(cluster.home, server.host, server.port, f"/api/stream?after={seq}", officers) as consoles:
        answers, command_ms = runner.run(_work(server, officers, incidents))
        seen, received = consoles.finish(max(seq for seq, _ in answers.values()))
    number_of = {seq: number for number, (seq, _) in answers.items()}
    frames = {number_of[int(found[1])]: found[0] for found in EVENTS.finditer(received)}
    measured = Measured(p99(shown_ms(dict(answers.values()), seen)), p99(command_ms))
    return measured, Sent({number: seq for number, (seq, _) in answers.items()}, frames)


async def _last_seq(server: Server, officer: Officer) -> int:
    client = await Client.connect(server.host, server.port, officer.headers)
    snapshot = orjson.loads(await client.get("/api/snapshot"))
    await client.close()
    return int(snapshot["seq"])


async def _work(
    server: Server, officers: Sequence[Officer], incidents: int
) -> tuple[dict[int, tuple[int, int]], list[float]]:
    """Return, by number of the command, its last event and when it was acknowledged in ns; and every round trip in ms."""
    answers: dict[int, tuple[int, int]] = {}
    round_trips_ms: list[float] = []
    clients = [await Client.connect(server.host, server.port, officer.headers) for officer in officers]
    pace = Pace(COMMANDS_PER_S)

    async def work(lane: int) -> None:
        numbers = iter(range(lane, len(officers) * incidents * COMMANDS_PER_INCIDENT, len(officers)))

        async def post(path: str, body: dict[str, Any]) -> Mapping[str, Any]:
            number = next(numbers)
            await pace.turn(number)
            began_ns = time.monotonic_ns()
            answer = await clients[lane].post(path, body)
            answers[number] = answer["seq"], time.monotonic_ns()
            round_trips_ms.append((answers[number][1] - began_ns) / 1e6)
            return answer

        for _ in range(incidents):
            await work_one_incident(post, officers[lane])

    await asyncio.gather(*(work(lane) for lane in range(len(officers))))
    for client in clients:
        await client.close()
    return answers, round_trips_ms


def _plan(database: BenchDatabase, tape: Tape, run_number: int, incidents: int, sent: Sent) -> Plan:
    start = run_number * (incidents + 1) * COMMANDS_PER_INCIDENT
    timed = start + COMMANDS_PER_INCIDENT
    return Plan(
        dsn=database.access.app_dsn,
        connections=len(tape),
        before=_in_turns(tape, start, timed),
        commands=_in_turns(tape, timed, timed + incidents * COMMANDS_PER_INCIDENT),
        frames=sent.frames,
        per_s=COMMANDS_PER_S,
    )


def _in_turns(tape: Tape, start: int, stop: int) -> list[Command]:
    return list(chain.from_iterable(zip(*(commands[start:stop] for commands in tape), strict=True)))


def _yardstick(cluster: BenchCluster, officers: Sequence[Officer], plan: Plan, sent: Sent) -> Measured:
    plan_file, output = cluster.home / "plan", cluster.home / "played"
    plan_file.write_bytes(pickle.dumps(plan))
    process = _start("bench.broadcaster", str(plan_file), str(output))
    try:
        port = int(_line(process))
        with _Consoles(cluster.home, "127.0.0.1", port, "/", officers) as consoles:
            _tell(process)
            _line(process)
            seen, _ = consoles.finish(max(sent.seqs.values()))
        process.communicate()  # ends its standard input, and waits
    finally:
        process.kill()
    acknowledged_ns, commit_ms = pickle.loads(output.read_bytes())
    # A command whose frame the centre sent together with a later one's was not broadcast by itself.
    acknowledged = {sent.seqs[number]: acknowledged_ns[number] for number in sent.frames}
    return Measured(p99(shown_ms(acknowledged, seen)), p99(commit_ms))


class _Consoles:
    """All consoles, connected; a process of their own."""

    def __init__(self, home: Path, host: str, port: int, path: str, officers: Sequence[Officer]) -> None:
        tokens = home / "tokens"
        tokens.write_text("\n".join(officers[number % len(officers)].token for number in range(CONSOLES)))
        self._output = home / "seen"
        self._process = _start("bench.consoles", host, str(port), path, str(tokens), str(self._output))

    def __enter__(self) -> Self:
        _line(self._process)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def finish(self, last_seq: int) -> tuple[list[Seen], bytes]:
        """Wait until the last event has arrived; return what every console saw, and the bytes the first one got."""
        self._process.communicate(f"{last_seq}\n")
        seen: tuple[list[Seen], bytes] = pickle.loads(self._output.read_bytes())
        return seen


def _start(*command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the benchmark ended early; what it says stands above")
    return line


def _tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def shown_ms(acknowledged_ns: Mapping[int, int], seen: Iterable[Seen]) -> list[float]:
    """Return, for every command and console, how long after the acknowledgement it was shown; 0 when before.

    Raises RuntimeError when a console missed one.
    """
    latencies = []
    for numbers, times_ns in seen:
        # The bare broadcaster knows no order: its commits may overtake each other.
        in_order = sorted(zip(numbers, times_ns, strict=True))
        for seq, at_ns in acknowledged_ns.items():
            index = bisect_left(in_order, (seq, 0))
            if index == len(in_order):
                raise RuntimeError(f"a console never saw number {seq}")
            latencies.append(max(0, in_order[index][1] - at_ns) / 1e6)
    return latencies


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile, by nearest rank."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
