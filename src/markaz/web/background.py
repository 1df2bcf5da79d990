"""The background work of a centre: what runs with a rhythm, and what each run ended is certified."""

from datetime import timedelta
from typing import TYPE_CHECKING

from markaz.core import acts, identity
from markaz.core.jobs import Job
from markaz.core.log import checkpoints
from markaz.programmes.incidents import positions
from markaz.programmes.incidents.calls import drafts, hazards
from markaz.programmes.incidents.crews import aid, holds, logons
from markaz.programmes.incidents.field.store import forget_old_reports
from markaz.web.ways_in import sign_in_jobs

if TYPE_CHECKING:
    from markaz.web.centre import Centre

KEEP_REPORTS = timedelta(days=30)  # longer than any phone stays without network


def jobs_of(centre: "Centre") -> list[Job]:
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
