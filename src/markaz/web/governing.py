"""The wiring of how a centre is governed: retention, appointments, the register of processing and audit packs."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter

from markaz.core.log import keys
from markaz.core.permissions import Actor, Permission
from markaz.core.retention import load_governance
from markaz.core.routes import Guard
from markaz.core.settings import Settings
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.oversight.appointments.routes import appointments_router
from markaz.programmes.oversight.appointments.service import Appointments
from markaz.programmes.oversight.packs.routes import packs_router
from markaz.programmes.oversight.packs.service import Packs
from markaz.programmes.oversight.register.routes import register_router
from markaz.programmes.oversight.register.service import Register
from markaz.programmes.oversight.retention.routes import retention_router
from markaz.programmes.oversight.retention.service import Retention


@dataclass(frozen=True, slots=True)
class Governing:
    """What governs a centre."""

    retention: Retention
    appointments: Appointments
    register: Register
    packs: Packs

    def routers(self, guard: Guard, at_the_top: Callable[[Actor, Permission], None]) -> list[APIRouter]:
        """Return its routes. `at_the_top` raises Forbidden unless the actor holds a right in the whole centre."""
        return [
            retention_router(self.retention, guard),
            appointments_router(self.appointments, guard),
            register_router(self.register, guard),
            packs_router(self.packs, guard, at_the_top),
        ]


def governing_of(settings: Settings, spine: Spine) -> Governing:
    """Return what governs a centre. Raises InvalidInput when its governance.toml is wrong."""
    database, clock = spine.database, spine.clock
    governance = load_governance(settings.home, settings.governance)
    register = Register(database, governance)
    return Governing(
        Retention(database, clock, governance),
        Appointments(database, spine.acts, clock, spine.territories),
        register,
        Packs(database, clock, register, lambda: keys.load(settings.home)),
    )
