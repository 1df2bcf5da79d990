"""The wiring of one centre: what the routes stand on, opened once. What it does by itself stands in `background`."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Counter

from markaz.core import acts
from markaz.core.access.policies import policy_hash
from markaz.core.codes import CodeTables, load_codes, time_zone_of
from markaz.core.db.pool import Database
from markaz.core.dispatch_rules import load_dispatch_rules
from markaz.core.ending import Ending
from markaz.core.events import Recorded
from markaz.core.in_force import keep_policies
from markaz.core.log.checkpoints import Checkpointer
from markaz.core.log.grouping import Group
from markaz.core.permissions import Actor, Permission, require
from markaz.core.places.gazetteer import Gazetteer
from markaz.core.sealing import KeysMissing, Sealer
from markaz.core.settings import Settings
from markaz.core.stream.hub import Hub
from markaz.core.territories import TerritoryTree, load_tree
from markaz.core.territories.boundaries import BoundaryPages
from markaz.core.territories.terrain import Terrain, Terrains
from markaz.core.territories.terrain_store import load_terrain
from markaz.kit.clock import Clock, iso
from markaz.programmes.alerts.acting import Ground
from markaz.programmes.alerts.reading import Bulletin
from markaz.programmes.alerts.receiving import Receiving
from markaz.programmes.alerts.service import Warnings
from markaz.programmes.alerts.signing import KNOWN_FOLDER, Signer
from markaz.programmes.incidents import picture
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.alarms.overdue import OverdueIncidents
from markaz.programmes.incidents.alarms.service import Alarms
from markaz.programmes.incidents.alarms.watching import Watcher
from markaz.programmes.incidents.briefing.handovers import Handovers
from markaz.programmes.incidents.briefing.papers import Papers
from markaz.programmes.incidents.briefing.summaries import Summaries
from markaz.programmes.incidents.calls.service import Calls
from markaz.programmes.incidents.contents.service import Contents
from markaz.programmes.incidents.crews import logons
from markaz.programmes.incidents.crews.aid import Aid
from markaz.programmes.incidents.crews.holds import Holds
from markaz.programmes.incidents.crews.owners import Ownership
from markaz.programmes.incidents.crews.presence import Presence
from markaz.programmes.incidents.crews.roster import Rosters
from markaz.programmes.incidents.dispatch.holding import Holding
from markaz.programmes.incidents.dispatch.recommending import Recommending
from markaz.programmes.incidents.dispatch.routing import travel_times
from markaz.programmes.incidents.dispatch.service import Dispatching
from markaz.programmes.incidents.field.service import UnitPhone
from markaz.programmes.incidents.intake import Intake
from markaz.programmes.incidents.norms import NormsInForce, load_norms
from markaz.programmes.incidents.positions import Positions
from markaz.programmes.incidents.reading import Reading
from markaz.programmes.incidents.service import Desk
from markaz.programmes.incidents.shapes import ReplayClockBody
from markaz.web import phone
from markaz.web.access_wiring import Access, access_of
from markaz.web.governing import Governing, governing_of
from markaz.web.guard import Guard
from markaz.web.history import History, history_of
from markaz.web.measures import measure
from markaz.web.oversight import Oversight
from markaz.web.ways_in import ProviderSignIn, SigningIn, provider_of, signing_in_of

TERRITORY_EVENTS = "territory."
PLACE_EVENTS = "places."


@dataclass(slots=True)
class Centre:
    """Everything a running centre holds."""

    settings: Settings
    database: Database
    clock: Clock
    sealer: Sealer
    tree: TerritoryTree
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    codes: CodeTables = field(init=False)
    spine: Spine = field(init=False)
    guard: Guard = field(init=False)
    signing_in: SigningIn = field(init=False)
    provider: ProviderSignIn | None = field(init=False)
    hub: Hub = field(init=False)
    desk: Desk = field(init=False)
    calls: Calls = field(init=False)
    recommending: Recommending = field(init=False)
    dispatching: Dispatching = field(init=False)
    holding: Holding = field(init=False)
    intake: Intake = field(init=False)
    contents: Contents = field(init=False)
    reading: Reading = field(init=False)
    positions: Positions = field(init=False)
    summaries: Summaries = field(init=False)
    papers: Papers = field(init=False)
    handovers: Handovers = field(init=False)
    crews: logons.Crews = field(init=False)
    ownership: Ownership = field(init=False)
    presence: Presence = field(init=False)
    aid: Aid = field(init=False)
    holds: Holds = field(init=False)
    roster: Rosters = field(init=False)
    governing: Governing = field(init=False)
    history: History = field(init=False)
    boundaries: BoundaryPages = field(init=False)
    terrain: dict[int, Terrain] = field(default_factory=dict)
    norms: NormsInForce = field(init=False)
    warnings: Warnings = field(init=False)
    receiving: Receiving = field(init=False)
    bulletin: Bulletin = field(init=False)
    alarms: Alarms = field(init=False)
    access: Access = field(init=False)
    ending: Ending = field(init=False)
    unit_phone: UnitPhone = field(init=False)
    watcher: Watcher = field(init=False)
    watch_failures: Counter = field(init=False)
    oversight: Oversight = field(init=False)
    checkpointer: Checkpointer = field(init=False)
    replay_clock: dict[str, Any] | None = None
    gazetteer: Gazetteer = field(init=False)
    territories_changed: asyncio.Event = field(default_factory=asyncio.Event)
    places_changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        settings, database = self.settings, self.database
        self.codes = load_codes(settings.profile)
        self.boundaries = BoundaryPages(self.tree)
        norms = load_norms(settings.profile)
        self.norms = NormsInForce(norms, lambda: Terrains(self.terrain, lambda: self.tree, norms.default_terrain))
        self.gazetteer = Gazetteer(database, lambda: self.tree)
        group = Group(database)
        self.spine = Spine(database, acts.Acts(database, self.clock), self.sealer, self.clock, lambda: self.tree, group)
        self.signing_in = signing_in_of(settings, database, self.sealer, self.clock)
        self.provider = provider_of(
            settings,
            database,
            self.clock,
            self.signing_in,
            lambda code: self.tree.find(code),
            lambda: self.tree,
            lambda act, grants: self.governing.appointments.ask_for_provider(act, grants),
        )
        self.guard = Guard(database, self.sealer, self.clock, settings, self.signing_in.is_full, lambda: self.tree)
        self.ending = Ending(database, self.clock)
        self.hub = Hub(
            database,
            picture.RULES,
            lambda: self.tree,
            backlog_events=settings.stream_backlog_events,
            now=self.clock.now,
            telemetry=frozenset({Permission.POSITION_READ, Permission.CREW_READ}),
            on_event=self._on_event,
        )
        self.positions = Positions(database)
        self.desk = Desk(self.spine)
        self.calls = Calls(self.spine, self.codes)
        self._wire_dispatch()
        self.intake = Intake(self.spine)
        self.contents = Contents(self.spine)
        zone = ZoneInfo(settings.time_zone) if settings.time_zone else time_zone_of(settings.profile)
        self.summaries = Summaries(self.spine, self.norms, zone, settings.summary_day_starts_at)
        self.papers = Papers(self.summaries, self.codes, lambda: self.tree, settings.band)
        self.handovers = Handovers(self.spine, OverdueIncidents(self.norms, self.spine.clock).among)
        self._open_alerts()
        self._open_oversight(zone)
        self.alarms = Alarms(self.spine)
        self.unit_phone = UnitPhone(self.spine, self.positions, phone.PORTS)
        self.watcher = Watcher(self.spine, self.norms)
        self.crews, self.ownership = logons.Crews(self.spine), Ownership(self.spine)
        self.presence = Presence(lambda: self.tree, self.clock.now, settings.presence_away_s)
        parts = {"alarms": self.alarms.view, "presence": self.presence.view}
        self.reading = Reading(self.spine, self.positions, parts)
        self.aid, self.holds, self.access = Aid(self.spine), Holds(self.spine), access_of(self.spine)
        self.roster = Rosters(self.spine, self.codes, zone)
        self.watch_failures = measure(self.registry, self.hub, self.positions, self.gazetteer, self.checkpointer)

    def _wire_dispatch(self) -> None:
        rules = load_dispatch_rules()
        ranks = {code.code: rank for rank, code in enumerate(self.codes.priorities.codes)}
        travel = travel_times(rules, self.settings.routing_url)
        self.recommending = Recommending(
            self.spine, self.positions, travel, rules, ranks, lambda id_: self.norms.terrains().of(id_)
        )
        self.dispatching = Dispatching(self.spine, self.recommending)
        self.holding = Holding(self.spine)

    def _open_alerts(self) -> None:
        settings = self.settings
        ground = Ground(
            database=self.database,
            acts=self.spine.acts,
            clock=self.clock,
            territories=lambda: self.tree,
            signer=Signer(settings.home, settings.alert_key, settings.alert_sender or "markaz"),
            sender=settings.alert_sender,
            sender_name=settings.alert_sender_name,
            is_training=settings.demo or settings.training or settings.trial,
            known_senders=settings.alert_known_senders or settings.home / KNOWN_FOLDER,
        )
        self.warnings, self.receiving, self.bulletin = Warnings(ground), Receiving(ground), Bulletin(ground)

    def at_the_top(self, actor: Actor, permission: Permission) -> None:
        """Raise Forbidden unless `actor` holds `permission` in the whole centre."""
        require(actor, permission, self.tree.root_id or 0, self.tree)

    def _open_oversight(self, zone: ZoneInfo) -> None:
        settings = self.settings
        step = timedelta(seconds=settings.log_interval_s)
        self.checkpointer = Checkpointer(self.database, self.clock, settings.home, step=step, policy_hash=policy_hash)
        self.governing = governing_of(settings, self.spine)
        self.history = history_of(settings, self.governing.retention, self.clock, lambda: self.tree)
        self.oversight = Oversight(self.spine, settings, zone)

    def set_replay_clock(self, actor: Actor, body: ReplayClockBody | None) -> None:
        """Label every console with a replay's clock, or take the label away. Raises Forbidden below the top."""
        self.at_the_top(actor, Permission.INTAKE)
        self.replay_clock = None if body is None else {"at": iso(body.at), "speed": body.speed, "source": body.source}
        self.hub.broadcast("clock", self.replay_clock)

    def _on_event(self, recorded: Recorded) -> None:
        self.positions.on_event(recorded)
        if recorded.event.type.startswith(TERRITORY_EVENTS):
            self.territories_changed.set()
        if recorded.event.type.startswith(PLACE_EVENTS):
            self.places_changed.set()

    async def reload_territories(self) -> None:
        """Take a changed hierarchy over; every stream ends and comes back with its new scope."""
        async with self.database.connection() as connection:
            self.tree = await load_tree(connection, self.clock.now().date())
            self.terrain = await load_terrain(connection, self.tree)
        self.boundaries = BoundaryPages(self.tree)
        self.hub.end_all()


async def open_centre(settings: Settings, app_dsn: str, clock: Clock) -> Centre:
    """Connect and read what a centre needs before it can answer. Raises Unavailable or KeysMissing."""
    database = await Database.open(app_dsn, max_size=settings.database_pool_size)
    try:
        async with database.connection() as connection:
            tree = await load_tree(connection, clock.now().date())
            terrain = await load_terrain(connection, tree)
            sealer = await Sealer.open_for(connection, settings.home)
            await keep_policies(connection, clock.now())
    except KeysMissing:
        await database.close()
        raise
    return Centre(settings, database, clock, sealer, tree, terrain=terrain)
