"""Wires the sign-in to the settings of a centre. It decides nothing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from markaz.core.acts import Act
from markaz.core.db.pool import Database
from markaz.core.errors import NotPossibleNow
from markaz.core.identity import guessing, steps
from markaz.core.identity.mapping import MappingBroken, parse_mapping
from markaz.core.identity.passkeys import Site
from markaz.core.identity.provider_sign_in import ProviderSignIn
from markaz.core.identity.providers import Provider, ProviderConfig
from markaz.core.identity.signing_in import SigningIn
from markaz.core.jobs import Job
from markaz.core.permissions import Grant, Hierarchy
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings
from markaz.kit.clock import Clock

__all__ = ["ProviderSignIn", "SigningIn", "provider_of", "sign_in_jobs", "signing_in_of"]


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


RETURN_PATH = "/api/session/provider/return"


def provider_of(
    settings: Settings,
    database: Database,
    clock: Clock,
    signing_in: SigningIn,
    find: Callable[[str], int | None],
    territories: Callable[[], Hierarchy],
    ask: Callable[[Act, Sequence[Grant]], Awaitable[None]],
) -> ProviderSignIn | None:
    """Return the sign-in through the organisation's provider, where one is set. Raises NotPossibleNow for its files."""
    if settings.provider_issuer is None or settings.provider_mapping is None or settings.provider_client_id is None:
        return None
    try:
        mapping = parse_mapping(settings.provider_mapping.read_text(encoding="utf-8"))
        secret = (
            None if settings.provider_secret is None else settings.provider_secret.read_text(encoding="utf-8").strip()
        )
    except (OSError, UnicodeDecodeError) as error:
        raise NotPossibleNow(f"A file of the identity provider cannot be read: {error}") from error
    except MappingBroken as error:
        raise NotPossibleNow(f"MARKAZ_PROVIDER_MAPPING: {error}") from error
    return_url = Site.of(settings.public_url or "").origin + RETURN_PATH
    provider = Provider(ProviderConfig(settings.provider_issuer, settings.provider_client_id, secret, return_url))
    return ProviderSignIn(database, clock, signing_in, provider, mapping, find, territories, ask)


def sign_in_jobs(now: Callable[[], datetime]) -> list[Job]:
    """Return the background work of the sign-in: forgetting."""
    return [
        Job("sign_in.forget_spent", timedelta(hours=1), lambda c: steps.forget_spent(c, now())),
        Job("sign_in.forget_guesses", timedelta(minutes=5), lambda c: guessing.forget_guesses(c, now())),
    ]


def _site(settings: Settings) -> Site | None:
    """Return where passkeys work: at the public address, or on this machine under the one name that browsers accept."""
    if settings.public_url is not None:
        return Site.of(settings.public_url)
    if settings.is_loopback and settings.port:
        return Site.of(f"http://localhost:{settings.port}")
    return None
