"""What a centre does by itself while it runs: its stream, what is sent and looked at with a rhythm, and its jobs.

What a job ends of the kept records is certified.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from markaz.core import acts, identity
from markaz.core.db.pool import DATABASE_TROUBLE
from markaz.core.ending import MARK_S
from markaz.core.jobs import Job, Jobs
from markaz.core.log import checkpoints
from markaz.core.log.timestamps import Timestamper
from markaz.core.permissions import Permission
from markaz.programmes.incidents import positions
from markaz.programmes.incidents.alarms.watching import LOOK_S
from markaz.programmes.incidents.calls import drafts, hazards
from markaz.programmes.incidents.crews import aid, holds, logons
from markaz.programmes.incidents.field.store import forget_old_reports
from markaz.web.centre import Centre
from markaz.web.ways_in import sign_in_jobs

log = logging.getLogger(__name__)

POSITION_SEND_S = 0.5  # consoles draw at about 4 Hz; two frames a second keep 10,000 units affordable
POSITION_FLUSH_S = 2.0
STAMP_LOOK_S = 300.0  # one stamp an hour; after a failure it is tried again this soon
PRESENCE_LOOK_S = 1.0  # a colleague opens what I have open: said within a second
KEEP_REPORTS = timedelta(days=30)  # longer than any phone stays without network


@asynccontextmanager
async def running(centre: Centre) -> AsyncIterator[None]:
    """Run the stream and the background work while the block runs."""
    await centre.positions.load()
    await centre.ending.mark()
    await centre.hub.start()
    centre.hub.broadcast("clock", centre.replay_clock)  # so that every stream begins with it, also after a restart
    jobs = Jobs(centre.database, centre.clock, jobs_of(centre))
    work = [
        asyncio.create_task(_every(POSITION_SEND_S, lambda: _send_positions(centre))),
        asyncio.create_task(_every(POSITION_FLUSH_S, centre.positions.flush)),
        asyncio.create_task(_every(PRESENCE_LOOK_S, lambda: _send_presence(centre))),
        asyncio.create_task(_every(MARK_S, centre.ending.mark)),
        asyncio.create_task(_watch_territories(centre)),
        asyncio.create_task(_watch_places(centre)),
        asyncio.create_task(jobs.run()),
        asyncio.create_task(Jobs(centre.database, centre.clock, history_jobs_of(centre)).run()),
    ]
    if centre.settings.watch_clocks:
        work.append(asyncio.create_task(_every(LOOK_S, lambda: _watch_clocks(centre))))
    if centre.settings.log_checkpoints:
        work.append(asyncio.create_task(centre.checkpointer.run()))
    if centre.settings.log_timestamp_url is not None:
        stamper = Timestamper(centre.database, centre.clock, centre.settings.log_timestamp_url)
        work.append(asyncio.create_task(_every(STAMP_LOOK_S, stamper.stamp)))
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await centre.spine.group.stop()
        await centre.hub.stop()
        await centre.recommending.close()
        with suppress(*DATABASE_TROUBLE):
            await centre.positions.flush()


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except DATABASE_TROUBLE:
            log.warning("background work waits for the database")


async def _send_positions(centre: Centre) -> None:
    changed = centre.positions.take_unsent()
    if changed:
        centre.hub.publish("positions", Permission.POSITION_READ, changed)


async def _watch_clocks(centre: Centre) -> None:
    try:
        await centre.watcher.look()
    except Exception:
        # A fault of ours in one incident's clocks must not end the watch over all the others unnoticed.
        centre.watch_failures.inc()
        log.exception("the clocks were not looked at")


async def _send_presence(centre: Centre) -> None:
    changed = centre.presence.look(centre.hub.accounts)
    if changed:
        centre.hub.publish_around("presence", Permission.CREW_READ, changed)


async def _watch_territories(centre: Centre) -> None:
    while True:
        await centre.territories_changed.wait()
        centre.territories_changed.clear()
        try:
            await centre.reload_territories()
        except DATABASE_TROUBLE:
            log.warning("the territories could not be read again, trying once more")
            await asyncio.sleep(1)
            centre.territories_changed.set()


async def _watch_places(centre: Centre) -> None:
    """Read the gazetteer at the start and after each change; searches go on in the one before."""
    centre.places_changed.set()
    while True:
        await centre.places_changed.wait()
        centre.places_changed.clear()
        try:
            await centre.gazetteer.load()
        except DATABASE_TROUBLE:
            log.warning("the gazetteer could not be read, trying once more")
            await asyncio.sleep(1)
            centre.places_changed.set()


def jobs_of(centre: Centre) -> list[Job]:
    """Return every job of a centre."""
    now, ended = centre.clock.now, centre.governing.retention.certified
    sessions = ended("sessions", lambda c: identity.forget_ended_sessions(c, now()))
    reports = ended("phone_reports", lambda c: forget_old_reports(c, now() - KEEP_REPORTS))
    return [
        Job("idempotency.forget", timedelta(hours=1), lambda c: acts.forget_old_answers(c, now())),
        Job("sessions.forget", timedelta(hours=1), sessions),
        Job("call_drafts.forget", timedelta(minutes=30), ended("drafts", lambda c: drafts.forget_old(c, now()))),
        Job("hazards.forget", timedelta(hours=1), ended("hazard_notes", lambda c: hazards.forget_ended(c, now()))),
        *sign_in_jobs(now),
        Job("log.forget_passing", timedelta(minutes=5), lambda c: checkpoints.forget_passing(c, now())),
        Job("positions.partitions", timedelta(hours=6), lambda c: positions.make_partitions(c, now())),
        Job("positions.forget", timedelta(hours=6), ended("positions", lambda c: holds.forget(c, now()))),
        Job("aid.bring_home", timedelta(minutes=1), lambda c: aid.bring_home(c, now())),
        Job("crews.log_off_ended", timedelta(minutes=1), lambda c: logons.log_off_ended(c, now())),
        Job("field.forget", timedelta(hours=6), reports),
        *centre.governing.retention.jobs(),
        *centre.oversight.jobs(),
    ]


def history_jobs_of(centre: Centre) -> list[Job]:
    """Return the job that writes history. It may take minutes, so it makes nothing else wait."""
    return [Job("history.write", timedelta(days=1), centre.history.write)] if centre.settings.history else []
