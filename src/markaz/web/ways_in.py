"""Wires the sign-in to the settings of a centre. It decides nothing."""

from datetime import timedelta

from markaz.core.db.pool import Database
from markaz.core.identity.passkeys import Site
from markaz.core.identity.signing_in import SigningIn
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings
from markaz.kit.clock import Clock


def signing_in_of(settings: Settings, database: Database, sealer: Sealer, clock: Clock) -> SigningIn:
    """Return the sign-in of a centre. Demo and training desks, whose passwords are known, need no second factor."""
    return SigningIn(
        database,
        sealer,
        clock,
        site=_site(settings),
        strong_roles=frozenset() if settings.demo or settings.training else settings.second_factor_roles,
        life=timedelta(hours=settings.session_hours),
    )


def _site(settings: Settings) -> Site | None:
    """Return where passkeys work: at the public address, or on this machine under the one name that browsers accept."""
    if settings.public_url is not None:
        return Site.of(settings.public_url)
    if settings.is_loopback and settings.port:
        return Site.of(f"http://localhost:{settings.port}")
    return None
