"""What an incident holds, as the web floor wires it: one object with the commands and the read."""

from dataclasses import dataclass, field

from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.contents.attachments import Attachments
from markaz.programmes.incidents.contents.conflict import Conflict
from markaz.programmes.incidents.contents.people import People
from markaz.programmes.incidents.contents.reading import ContentsReading
from markaz.programmes.incidents.contents.relations import Relations


@dataclass(slots=True)
class Contents:
    """The services of this room on one spine."""

    spine: Spine
    people: People = field(init=False)
    relations: Relations = field(init=False)
    attachments: Attachments = field(init=False)
    conflict: Conflict = field(init=False)
    reading: ContentsReading = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.spine)
        self.relations = Relations(self.spine)
        self.attachments = Attachments(self.spine)
        self.conflict = Conflict(self.spine)
        self.reading = ContentsReading(self.spine)
