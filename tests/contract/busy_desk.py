"""A desk where anything may be done next: random commands of officers and of another system, through the real services.

Refusals are part of it. Every choice comes from one `Random`, so a seed gives the same commands again.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from tests.contract.acting import Officer, append_events, stranger
from tests.support.land import Land

from markaz.contracts.incidents import ClearReason, Stage, UnitStatus
from markaz.core.acts import Request
from markaz.core.errors import MarkazError
from markaz.kit.clock import StatedTime
from markaz.kit.geometry import Point
from markaz.programmes.incidents import commands, domain
from markaz.programmes.incidents.alarms.raising import Emergency
from markaz.programmes.incidents.imports.loader import Loader, open_target
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.rows import CallFacts, DispatchRow, UnitFacts

SOURCE = "other"
FOREIGN_UNITS = ("E1", "E2", "E3")


@dataclass
class BusyDesk:
    """Does one random thing at a time. `importer` sends what another system says."""

    officer: Officer
    importer: Request
    chance: Random
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _calls: int = 0

    async def step(self) -> None:
        """Try one act."""
        act = self.chance.choice(self._acts())
        try:
            await act()
            self.done[act.__name__] += 1
        except MarkazError as error:
            self.refused[f"{act.__name__} {error.code}"] += 1

    def _acts(self) -> list[Callable[[], Awaitable[Any]]]:
        often = [self.assign, self.assign, self.stage, self.stage, self.stage, self.correct, self.correct, self.clear]
        return [
            *often, self.open, self.register, self.change, self.move, self.move, self.note, self.close, self.status,
            self.emergency, self.notice, self.notice, self.resolve, self.hear_from, self.watch, self.watch,
            self.intake_call, self.intake_stage, self.intake_stage, self.intake_close, self.imported, self.unruled,
        ]  # fmt: skip

    # --- officers ---

    async def open(self) -> None:
        """Open an incident, with a place or without."""
        land = self.chance.choice(list(Land))
        place = self.chance.choice([None, Point(60.5, 40.5), Point(61.5, 41.5)])
        # Most came an hour ago, so that their clocks have run out already.
        came_at = self.chance.choice([None, *3 * [self._now() - timedelta(hours=1)]])
        command = commands.OpenIncident(
            "theft", "2", "phone", place, land, came_at, caller_phone="+998 90 1", note="a note"
        )
        await self._desk.open_incident(self._request(), command)

    async def register(self) -> None:
        """Register a unit, on duty mostly."""
        command = commands.RegisterUnit(f"N-{uuid4().hex[:6]}", "patrol", self.chance.choice(list(Land)))
        answer = await self._desk.register_unit(self._request(), command)
        if self.chance.random() < 0.8:
            on_duty = commands.SetUnitStatus(UnitStatus.AVAILABLE, 1)
            await self._desk.set_unit_status(self._request(), UUID(answer.body["id"]), on_duty)

    async def assign(self) -> None:
        """Send a unit; often one that was there before."""
        incident = await self._incident()
        unit = await self._row("SELECT id, version FROM units WHERE status = 'available' ORDER BY id")
        command = commands.AssignUnit(unit["id"], incident["version"], unit["version"])
        await self._desk.assign_unit(self._request(), incident["id"], command)

    async def stage(self) -> None:
        """Report a stage."""
        await self._report(self.chance.choice(list(Stage)))

    async def clear(self) -> None:
        """Report the last stage."""
        await self._report(Stage.CLEARED)

    async def correct(self) -> None:
        """Correct or void a report that is there."""
        report = await self._row(
            "SELECT e.seq, e.aggregate_id, e.payload ->> 'unit_id' AS unit_id, e.payload ->> 'stage' AS stage, "
            "(e.payload ->> 'ordinal')::int AS ordinal, "
            "i.version FROM events e JOIN incidents i ON i.id = e.aggregate_id "
            "WHERE e.type IN ('incident.unit_assigned/1', 'incident.stage_reached/1') ORDER BY e.seq DESC LIMIT 12"
        )
        stage = Stage(report["stage"] or "assigned")
        at = None
        if self.chance.random() < 0.5:
            column = (
                f"SELECT {stage.value}_at AS at FROM assignments "
                "WHERE incident_id = $1 AND unit_id = $2 AND ordinal = $3"
            )
            key = (report["aggregate_id"], UUID(report["unit_id"]), report["ordinal"])
            found = await self.officer.running.rows(column, *key)
            at = found[0]["at"] and found[0]["at"] + timedelta(microseconds=1)
        command = commands.CorrectStage(UUID(report["unit_id"]), stage, report["version"], report["seq"], at, "typo")
        await self._desk.correct_stage(self._request(), report["aggregate_id"], command)

    async def change(self) -> None:
        """Change priority or category, or take the place away."""
        incident = await self._incident()
        command = commands.ChangeIncident(
            incident["version"],
            "looked again",
            priority=self.chance.choice(["1", "2", "3"]),
            category=self.chance.choice([None, "fire"]),
            place_unknown=self.chance.random() < 0.3,
        )
        await self._desk.change_incident(self._request(), incident["id"], command)

    async def move(self) -> None:
        """Move to another territory; its alarms follow at the next look."""
        await self.watch()
        incident = await self._incident()
        land = self.chance.choice(list(Land))
        command = commands.ChangeIncident(incident["version"], "moved", territory_id=land)
        await self._desk.change_incident(self._request(), incident["id"], command)
        await self.watch()

    async def note(self) -> None:
        """Add a note, also to what is closed."""
        incident = await self._row("SELECT id FROM incidents ORDER BY id DESC LIMIT 10")
        await self._desk.add_note(self._request(), incident["id"], "a note")

    async def close(self) -> None:
        """Close, when nobody is working there."""
        incident = await self._incident()
        command = commands.CloseIncident(incident["version"], "resolved")
        await self._desk.close_incident(self._request(), incident["id"], command)

    async def status(self) -> None:
        """Set what an idle unit does."""
        unit = await self._row("SELECT id, version FROM units ORDER BY id")
        wanted = self.chance.choice([UnitStatus.AVAILABLE, *sorted(domain.SETTABLE)])
        await self._desk.set_unit_status(self._request(), unit["id"], commands.SetUnitStatus(wanted, unit["version"]))

    # --- alarms ---

    async def emergency(self) -> None:
        """Raise the emergency of some unit, with a place or without."""
        unit = await self._row("SELECT id FROM units ORDER BY id DESC LIMIT 8")
        press = Emergency(self.chance.choice([None, Point(60.5, 40.5)]))
        await self._alarms.raise_emergency(self._request(), unit["id"], press)

    async def notice(self) -> None:
        """Acknowledge an alarm, also one that has ended."""
        alarm = await self._row("SELECT id FROM alarms ORDER BY cleared_at IS NULL DESC, id DESC LIMIT 6")
        await self._alarms.acknowledge(self._request(), alarm["id"])

    async def resolve(self) -> None:
        """End an alarm; only emergencies let one."""
        alarm = await self._row("SELECT id FROM alarms ORDER BY id DESC LIMIT 12")
        await self._alarms.resolve(self._request(), alarm["id"], ClearReason.SAFE)

    async def hear_from(self) -> None:
        """Hear from some crew."""
        unit = await self._row("SELECT id FROM units ORDER BY id DESC LIMIT 8")
        await self._alarms.hear_from(self._request(), unit["id"])

    async def watch(self) -> None:
        """Let the centre look at the clocks."""
        await self.officer.running.centre.watcher.look()

    # --- another system ---

    async def intake_call(self) -> None:
        """A call of another system, sometimes sent twice."""
        self._calls += self.chance.random() < 0.8
        now, place = self._now(), self.chance.choice([None, Point(60.5, 41.5), Point(61.5, 40.5)])
        key = f"c{self._calls}"
        await self.officer.running.centre.intake.call(
            self._from_importer(),
            commands.IntakeCall(
                SOURCE, key, key, "Alarms", "3", "3", "unknown", place, StatedTime(now), flags=("odd",)
            ),
        )

    async def intake_stage(self) -> None:
        """A stage in whatever order another system has it, from units that may be elsewhere."""
        at = self._now() - timedelta(seconds=self.chance.randrange(600))
        command = commands.IntakeStage(
            SOURCE,
            self._key(),
            uuid4().hex,
            self.chance.choice(FOREIGN_UNITS),
            "engine",
            self.chance.choice(list(Stage)),
            StatedTime(at),
        )
        await self.officer.running.centre.intake.stage(self._from_importer(), command)

    async def intake_close(self) -> None:
        """The end of a call, ready or not."""
        command = commands.IntakeClose(SOURCE, self._key(), "resolved", StatedTime(self._now()))
        await self.officer.running.centre.intake.close(self._from_importer(), command)

    async def imported(self) -> None:
        """A file of history, with a unit nobody knew."""
        centre, now = self.officer.running.centre, self._now()
        key = uuid4().hex
        call = CallFacts(
            key, key, "Alarms", "3", "3", "unknown", None, None, 60.5, 40.5, "1 Secret street", now, None, None, (), ()
        )  # fmt: skip
        unit = UnitFacts(f"H-{key[:6]}", "engine", (now, None, now, None, None, now), (), ())
        target = await open_target(centre.database, centre.sealer, None, now)
        await Loader(target, "history", now=now, report=Report()).load([DispatchRow(1, key, call, unit)])

    async def unruled(self) -> None:
        """An event of a programme that the picture knows nothing of."""
        await append_events(self.officer.running, stranger(view={"secret": True}))

    # --- what the acts share ---

    @property
    def _desk(self) -> Any:
        return self.officer.running.centre.desk

    @property
    def _alarms(self) -> Any:
        return self.officer.running.centre.alarms

    def _request(self) -> Request:
        return self.officer.request()

    def _from_importer(self) -> Request:
        return Request(self.importer.actor, uuid4().hex, uuid4().hex, b"hash")

    def _now(self) -> datetime:
        return self.officer.running.centre.clock.now()

    def _key(self) -> str:
        return f"c{max(1, self._calls - self.chance.randrange(3))}"

    async def _report(self, stage: Stage) -> None:
        sent = await self._row(
            "SELECT a.incident_id, a.unit_id, i.version FROM assignments a JOIN incidents i ON i.id = a.incident_id "
            "WHERE a.is_current AND a.cleared_at IS NULL AND i.status = 'open' ORDER BY 1, 2"
        )
        command = commands.ReportStage(sent["unit_id"], stage, sent["version"])
        await self._desk.report_stage(self._request(), sent["incident_id"], command)

    async def _incident(self) -> Any:
        return await self._row("SELECT id, version FROM incidents WHERE status = 'open' ORDER BY id DESC LIMIT 6")

    async def _row(self, sql: str) -> Any:
        rows = await self.officer.running.rows(sql)
        if not rows:
            raise MarkazError("nothing to act on yet")
        return self.chance.choice(rows)
