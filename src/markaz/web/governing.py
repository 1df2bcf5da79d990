"""The wiring of how a centre is governed: retention, appointments, the register of processing and audit packs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter

from markaz.core.log import keys
from markaz.core.retention import load_governance
from markaz.programmes.oversight.appointments.routes import appointments_router
from markaz.programmes.oversight.appointments.service import Appointments
from markaz.programmes.oversight.packs.routes import packs_router
from markaz.programmes.oversight.packs.service import Packs
from markaz.programmes.oversight.register.routes import register_router
from markaz.programmes.oversight.register.service import Register
from markaz.programmes.oversight.retention.routes import retention_router
from markaz.programmes.oversight.retention.service import Retention

if TYPE_CHECKING:
    from markaz.web.centre import Centre


@dataclass(frozen=True, slots=True)
class Governing:
    """What governs a centre. Raises InvalidInput at the start when its governance.toml is wrong."""

    retention: Retention
    appointments: Appointments
    register: Register
    packs: Packs


def governing_of(centre: "Centre") -> Governing:
    """Return it, on the centre's own database and clock."""
    settings, spine, database, clock = centre.settings, centre.spine, centre.database, centre.clock
    governance = load_governance(settings.home, settings.governance)
    register = Register(database, governance)
    return Governing(
        Retention(database, clock, governance),
        Appointments(database, spine.acts, clock, spine.territories),
        register,
        Packs(database, clock, register, lambda: keys.load(settings.home)),
    )


def governing_routers(centre: "Centre") -> tuple[APIRouter, ...]:
    """Return its routes."""
    governing, guard = centre.governing, centre.guard
    return (
        retention_router(governing.retention, guard),
        appointments_router(governing.appointments, guard),
        register_router(governing.register, guard),
        packs_router(governing.packs, guard, centre.at_the_top),
    )
