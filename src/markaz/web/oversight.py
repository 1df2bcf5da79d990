"""The wiring of oversight: its rooms on one ground, its work by itself, and its routes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from markaz.core.errors import NotFound
from markaz.core.jobs import Job
from markaz.core.press.pdf import Press
from markaz.core.settings import Settings
from markaz.core.territories import TerritoryTree
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.persons import Persons
from markaz.programmes.oversight.ground import Ground
from markaz.programmes.oversight.reviews.publishing import Publishing
from markaz.programmes.oversight.reviews.routes import reviews_router
from markaz.programmes.oversight.reviews.sampling import Sampling
from markaz.programmes.oversight.reviews.service import Reviews
from markaz.programmes.oversight.reviews.sources import LogRoots, StatedPurposes
from markaz.programmes.oversight.rights.delays import Delays
from markaz.programmes.oversight.rights.paper import TEMPLATE, Wording
from markaz.programmes.oversight.rights.routes import rights_router
from markaz.programmes.oversight.rights.service import Rights
from markaz.programmes.oversight.tasks.routes import tasks_router
from markaz.programmes.oversight.tasks.service import Tasks
from markaz.web.guard import Guard


@dataclass(slots=True)
class Oversight:
    """Reviews of looks, rights of persons and the tasks of both in one centre."""

    spine: Spine
    settings: Settings
    zone: ZoneInfo
    sampling: Sampling = field(init=False)
    reviews: Reviews = field(init=False)
    publishing: Publishing = field(init=False)
    rights: Rights = field(init=False)
    delays: Delays = field(init=False)
    tasks: Tasks = field(init=False)

    def __post_init__(self) -> None:
        spine, settings, persons = self.spine, self.settings, Persons(self.spine.sealer)
        ground = Ground(
            database=spine.database,
            acts=spine.acts,
            sealer=spine.sealer,
            clock=spine.clock,
            territories=spine.territories,
            zone=self.zone,
            looked_at=persons,
            persons=persons,
            purposes=StatedPurposes(spine.sealer),
            roots=LogRoots(),
        )
        drawn, asked = settings.review_drawn_per_day, settings.review_asked_per_day
        self.sampling = Sampling(ground, at_random=drawn, at_most_asked=asked)
        self.reviews, self.publishing = Reviews(ground), Publishing(ground)
        self.rights, self.delays = Rights(ground), Delays(ground)
        self.tasks = Tasks(ground, spine.standings)

    def jobs(self) -> list[Job]:
        """Return what oversight does by itself, in the one process that looks after clocks.

        Each is an act of its own, so the job's connection is not used.
        """
        if not self.settings.watch_clocks:
            return []
        return [
            Job("reviews.draw", timedelta(minutes=30), lambda _: self.sampling.draw_due()),
            Job("reviews.ask", timedelta(minutes=30), lambda _: self.publishing.ask_due()),
            Job("delays.end", timedelta(minutes=10), lambda _: self.delays.end_due()),
            Job("tasks.escalate", timedelta(minutes=10), lambda _: self.tasks.escalate_due()),
        ]

    def routers(self, guard: Guard) -> list[APIRouter]:
        """Return the routes of reviews, rights and tasks."""
        name = place_names(self.spine.territories)
        return [
            reviews_router(self.reviews, self.publishing, guard),
            rights_router(
                self.rights,
                self.delays,
                Press(TEMPLATE),
                lambda tag: Wording(tag, name, self.zone, self.settings.band),
                guard,
            ),
            tasks_router(self.tasks, guard),
        ]


def place_names(territories: Callable[[], TerritoryTree]) -> Callable[[int, str], str]:
    """Return how a territory is called in a language: its name there, else in English, else its number."""

    def name(territory_id: int, language: str) -> str:
        try:
            names = territories().get(territory_id).names
        except NotFound:
            return str(territory_id)
        return names.get(language) or names.get("en") or str(territory_id)

    return name
