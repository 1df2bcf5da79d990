"""The bodies of the phone's API."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from markaz.contracts.incidents import Stage
from markaz.programmes.incidents.field.service import Kind
from markaz.programmes.incidents.shapes import Body, Latitude, Longitude, LongText, Time


class ReportBody(Body):
    """One report of a phone, also hours late. Times are the phone's own; `device_now` is its clock as it sends.

    `ordinal` and `assigned_at` name the sending that a stage was pressed for, as the centre told it; older phones name none.
    """

    key: UUID
    kind: Literal[Kind.STAGE, Kind.NOTE, Kind.EMERGENCY]
    unit_id: UUID
    at: Time
    device_now: Time
    incident_id: UUID | None = None
    stage: Stage | None = None
    ordinal: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    assigned_at: Time | None = None
    text: LongText | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    accuracy_m: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None


class FieldEmergencyBody(Body):
    """The emergency button. Times are the phone's own; `device_now` is its clock as it sends.

    `incident_id` is the incident the phone showed as it was pressed, null for none; older phones leave it out.
    """

    key: UUID
    unit_id: UUID
    at: Time
    device_now: Time
    incident_id: UUID | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    accuracy_m: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None


class FieldPositionBody(Body):
    """Where the unit is now. `age_s` is how long ago the fix was taken, by the phone's own count."""

    lon: Longitude
    lat: Latitude
    accuracy_m: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None
    age_s: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0.0
