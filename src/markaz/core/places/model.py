"""What a place of the gazetteer is: a name on the map, from a source, with how sure a location by it is.

Values only: no database, no file, no clock. A gazetteer is public data; nothing here is about a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from markaz.kit.geometry import Point

PlaceId = NewType("PlaceId", int)


class PlaceKind(StrEnum):
    """What kind of thing is named."""

    STREET = "street"
    CROSSING = "crossing"
    HOUSE = "house"
    LANDMARK = "landmark"
    NEIGHBOURHOOD = "neighbourhood"
    SETTLEMENT = "settlement"
    OTHER = "other"


class Confidence(StrEnum):
    """How sure the location of an incident is; the words of the wire and of the record."""

    EXACT = "exact"  # this house, this crossing, this landmark, these coordinates
    STREET = "street"  # somewhere along it
    AREA = "area"  # somewhere in it
    PHONE = "phone"  # where a phone says it is, with its own accuracy
    UNKNOWN = "unknown"


# How far off the true place may be, in metres, when nothing better is known. A phone states its own.
# Exact: the plot of a house. Street: half of a city's middling street. Area: half across a neighbourhood of 1 km2.
ACCURACY_M: Mapping[Confidence, int | None] = {
    Confidence.EXACT: 30,
    Confidence.STREET: 300,
    Confidence.AREA: 600,
    Confidence.PHONE: None,
    Confidence.UNKNOWN: None,
}

CONFIDENCE_OF: Mapping[PlaceKind, Confidence] = {
    PlaceKind.STREET: Confidence.STREET,
    PlaceKind.CROSSING: Confidence.EXACT,
    PlaceKind.HOUSE: Confidence.EXACT,
    PlaceKind.LANDMARK: Confidence.EXACT,
    PlaceKind.NEIGHBOURHOOD: Confidence.AREA,
    PlaceKind.SETTLEMENT: Confidence.AREA,
    PlaceKind.OTHER: Confidence.AREA,
}


class Matched(StrEnum):
    """How a hit fits what was typed."""

    NAME = "name"  # every word, as it stands or begun
    SIMILAR = "similar"  # with a typing error, or a word too many
    STREET_ONLY = "street_only"  # the street is there, the house number is not in the gazetteer
    COORDINATES = "coordinates"


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place as a source states it, known there by `key`. The names of a house are those of its street."""

    key: str
    kind: PlaceKind
    names: Mapping[str, str]
    point: Point
    house: str | None = None
    aliases: tuple[str, ...] = field(default=())
