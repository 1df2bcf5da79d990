"""The bodies of the API of units and crews: parsed and bounded at the edge."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from markaz.programmes.incidents.crews.domain import CREW_MAX
from markaz.programmes.incidents.shapes import Body, Code, storable

Vehicle = Annotated[str, StringConstraints(pattern=r"^\w[\w .:/-]{0,19}$"), AfterValidator(storable)]


class LogOnBody(Body):
    """A crew reports for duty. An officer who sends it is one of the crew, named or not."""

    crew: list[UUID] = Field(default_factory=list, max_length=CREW_MAX)
    crew_size: int = Field(1, ge=1, le=CREW_MAX, strict=True)
    vehicle: Vehicle | None = None
    skills: list[Code] = Field(default_factory=list, max_length=20)
    shift_id: UUID | None = None
    takes_over: bool = Field(False, strict=True)
