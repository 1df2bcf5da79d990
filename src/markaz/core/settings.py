"""Every setting of Markaz, in one typed class, read once from the environment (prefix `MARKAZ_`).

The reference page docs/reference/settings.md is generated from the descriptions below.
"""

from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from markaz.core.permissions import Role, takes_two_people

# Who sees a person's data, reaches far or judges others; a stolen password alone must not make anybody one of them. The
# phone of a crew shows who called, if only of its own incident.
STRONG_ROLES = frozenset(role for role in Role if takes_two_people(role)) | {Role.UNIT_OFFICER}


class DemoScale(StrEnum):
    """How large the synthetic region is."""

    SMALL = "small"
    COUNTRY = "country"


class Profile(StrEnum):
    """Which words a deployment uses for its levels and roles."""

    UZ = "uz"
    GENERIC = "generic"


class Settings(BaseSettings):
    """The settings of one centre. Raises pydantic.ValidationError naming the variable that is wrong."""

    model_config = SettingsConfigDict(env_prefix="MARKAZ_", extra="ignore", frozen=True)

    home: Path = Field(
        Path(".markaz"),
        description="Folder of this centre: database, keys, secrets, logs. Several centres stand side by side.",
    )
    database_url: SecretStr | None = Field(
        None, description="An existing PostgreSQL 15+ instead of the embedded one: address for the application role."
    )
    database_owner_url: SecretStr | None = Field(
        None, description="The same database for the owner role, used only by migrations, backup and restore."
    )
    database_pool_size: int = Field(
        8, ge=1, le=64, description="Connections the server keeps open for commands and reads."
    )
    postgres_bin: Path | None = Field(
        None, description="Folder of other PostgreSQL binaries (15 or newer) for the embedded database."
    )
    host: str = Field("127.0.0.1", description="Address the server listens on. Demo mode refuses any but loopback.")
    port: int = Field(8102, ge=0, le=65535, description="Port the server listens on; 0 takes a free one and prints it.")
    demo: bool = Field(False, description="Synthetic region, labelled on every page and bound to loopback.")
    demo_scale: DemoScale = Field(
        DemoScale.SMALL,
        description="Size of the synthetic region: small or country (14 regions, 208 districts, 9,008 neighbourhoods).",
    )
    demo_traffic: bool = Field(
        True, description="Whether synthetic calls and unit positions keep arriving in demo mode."
    )
    training: bool = Field(
        False,
        description="A training desk on a copy of the past, labelled on every page; `markaz training` makes and serves it.",
    )
    governance: Path | None = Field(
        None,
        description="TOML file that says who controls the data, on which legal grounds, and when records end; else "
        "governance.toml of the home folder.",
    )
    trial: bool = Field(
        False,
        description="A centre for trying out, labelled on every page: it starts without what `markaz check live` asks for, "
        "and holds no data of real people.",
    )
    profile: Profile = Field(
        Profile.UZ, description="Words for territory levels and roles: uz (viloyat, tuman, mahalla) or generic."
    )
    time_zone: str = Field(
        "", description="Local time zone, such as Asia/Tashkent, by which days are counted; empty takes the profile's."
    )
    summary_day_starts_at: int = Field(
        8,
        ge=0,
        le=23,
        description="Local hour at which the day of the daily summary begins and the one before it ends.",
    )
    basemap_pmtiles: Path | None = Field(
        None, description="One PMTiles file with the offline base map; without it only territories are drawn."
    )
    routing_url: str | None = Field(
        None,
        pattern=r"^(osrm|valhalla)\+https?://[^\s@]+$",
        description="Your own road server for travel times, as osrm+http://127.0.0.1:5000 or valhalla+http://127.0.0.1:8002; "
        "positions of units are sent to it. Without it the straight line with a speed by terrain is used.",
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Lowest level that is logged, as JSON lines on standard error.",
    )
    body_limit_bytes: int = Field(
        1_000_000, ge=1_000, description="Largest request body accepted; larger ones get 413."
    )
    attachment_limit_bytes: int = Field(
        8_000_000,
        ge=100_000,
        le=50_000_000,
        description="Largest photo accepted as an attachment; larger ones get 413. A limit for bodies below it does not bind photos.",
    )
    rate_limit_per_s: float = Field(
        50.0, gt=0, description="Requests a second per signed-in account; service keys carry their own."
    )
    stream_backlog_events: int = Field(
        5_000,
        ge=10,
        description="How many events behind a stream may resume; further back gets 410 and takes a new snapshot.",
    )
    watch_clocks: bool = Field(
        True,
        description="Whether this process looks after clocks, raises alarms and draws samples of looks; one process of a centre does "
        "at a time. A centre for real people does not start without it.",
    )
    review_drawn_per_day: int = Field(
        10,
        ge=1,
        le=1_000,
        description="Looks at person data drawn by lot each day for review; 10 a day tell a misuse rate of 1 % to about "
        "0.5 to 1.9 % in a quarter.",
    )
    review_asked_per_day: int = Field(
        20,
        ge=0,
        le=1_000,
        description="Most looks a day that are reviewed because they raise a question; some questions always are. A centre for "
        "real people does not start with 0.",
    )
    log_checkpoints: bool = Field(
        True,
        description="Whether this process signs checkpoints of the log of use; one process of a centre does at a time. A centre for real "
        "people does not start without it.",
    )
    log_interval_s: float = Field(
        1.0,
        ge=0.1,
        le=1,
        description="Length of an interval of the public log: one leaf and one signed checkpoint for each, at least every second.",
    )
    log_timestamp_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s@]+$",
        description="A time stamping authority (RFC 3161) that is asked once an hour to stamp the newest checkpoint of the "
        "log; it learns its hash and nothing else.",
    )
    history: bool = Field(
        True,
        description="Whether this process writes the event log as Parquet files to history/ of the home folder, once a day; "
        "one process of a centre does at a time.",
    )
    session_hours: int = Field(12, ge=1, le=72, description="Life of a session: one shift.")
    presence_away_s: float = Field(
        60.0, ge=1, le=3_600, description="How long a desk without a stream counts as present: a reload takes less."
    )
    secure_cookies: bool = Field(
        False, description="Set the Secure flag on cookies; on by itself when MARKAZ_PUBLIC_URL begins with https."
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$",
        description="Address under which people reach this centre, as in https://markaz.example; passkeys are bound to its "
        "host, and the identity provider sends people back to it. It needs https, but for localhost.",
    )
    second_factor_roles: frozenset[Role] = Field(
        STRONG_ROLES,
        description="Roles whose holders need a passkey or one-time codes: all that open a person's data. Demo and training "
        "desks are exempt; a centre for real people does not start with fewer (`markaz check live`).",
    )
    provider_issuer: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="Issuer of the organisation's OpenID Connect provider; set the next three with it.",
    )
    provider_client_id: str | None = Field(
        None, max_length=200, description="Client id of this centre at the provider."
    )
    provider_secret: Path | None = Field(
        None,
        description="File with the client secret; without it this centre is a public client, with PKCE all the same.",
    )
    provider_mapping: Path | None = Field(
        None,
        description="TOML file that says which claims give which role in which territory (docs/guides/sign-in.md).",
    )
    provider_name: str = Field(
        "", max_length=60, description="Name of the provider on the button of the sign-in page; its host when empty."
    )
    alert_sender: str | None = Field(
        None,
        pattern=r"^[^\s,<&]{1,200}$",
        description="Who sends public warnings, as in duty@agency.example (CAP `sender`); no Actual one goes out without.",
    )
    alert_sender_name: str | None = Field(
        None, max_length=200, description="Name of the agency that people read above a public warning."
    )
    alert_key: Path | None = Field(
        None,
        description="PEM file with the private key and certificate that sign warnings; else one is made in "
        "keys/alerts.pem of the home folder.",
    )
    alert_known_senders: Path | None = Field(
        None,
        description="Folder of certificates (*.pem) of other senders that are known; else keys/alert-senders of the "
        "home folder.",
    )

    @field_validator("time_zone")
    @classmethod
    def _time_zone_is_known(cls, name: str) -> str:
        if name and name not in available_timezones():
            raise ValueError(f"{name[:60]!r} is no time zone of the IANA database")
        return name

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach the server."""
        return _is_loopback(self.host)

    @property
    def band(self) -> str | None:
        """Return the word across the papers of a centre that is not real; None for one that is."""
        return "training" if self.training else "demo" if self.demo else "trial" if self.trial else None

    @property
    def cookies_are_secure(self) -> bool:
        """Say whether browsers may send our cookies over TLS only."""
        return self.secure_cookies or (self.public_url or "").startswith("https:")

    @model_validator(mode="after")
    def _sign_in_is_whole(self) -> Self:
        for name, url in (("PUBLIC_URL", self.public_url), ("PROVIDER_ISSUER", self.provider_issuer)):
            parts = urlsplit(url or "https://unset")
            if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
                raise ValueError(f"MARKAZ_{name} needs https: on the way, http can be read and changed by anybody")
        given = [self.provider_issuer, self.provider_client_id, self.provider_mapping]
        if any(given) and not all([*given, self.public_url]):
            raise ValueError(
                "set MARKAZ_PROVIDER_ISSUER, MARKAZ_PROVIDER_CLIENT_ID, MARKAZ_PROVIDER_MAPPING and MARKAZ_PUBLIC_URL "
                "together, or none of the first three"
            )
        return self

    @model_validator(mode="after")
    def _demo_stays_on_loopback(self) -> Self:
        if self.demo and not self.is_loopback:
            raise ValueError("MARKAZ_DEMO has well-known passwords and is bound to loopback: set MARKAZ_HOST=127.0.0.1")
        if (self.database_url is None) != (self.database_owner_url is None):
            raise ValueError("set MARKAZ_DATABASE_URL and MARKAZ_DATABASE_OWNER_URL together, or neither")
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read from the environment once."""
    return Settings()
