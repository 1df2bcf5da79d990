"""What others may know of public warnings: event types and the closed sets of CAP 1.2. Nothing here runs.

The sets are those of OASIS, Common Alerting Protocol Version 1.2, 1 July 2010, section 3.2; their words are the wire's.
Payloads hold ids, codes and times only; the text of a warning stands in its own table.
"""

from enum import StrEnum


class AlertEvent(StrEnum):
    """The event types of warnings; a new shape gets a new number and an upcaster."""

    DRAFTED = "alert.drafted/1"
    CHANGED = "alert.changed/1"
    SUBMITTED = "alert.submitted/1"
    RETURNED = "alert.returned/1"
    WITHDRAWN = "alert.withdrawn/1"
    ISSUED = "alert.issued/1"
    RECEIVED = "alert.received/1"
    ENDED = "alert.ended/1"  # a later message updated, cancelled or replaced it


class AlertState(StrEnum):
    """Where a warning stands in this centre."""

    DRAFT = "draft"
    SUBMITTED = "submitted"  # waits for a second person
    ISSUED = "issued"
    WITHDRAWN = "withdrawn"  # never issued
    RECEIVED = "received"  # from another sender


class SignatureState(StrEnum):
    """What is known of the signature of a message."""

    OWN = "own"
    VALID_KNOWN = "valid_known"  # by a certificate that the operator has put into the folder of known ones
    VALID_UNKNOWN = "valid_unknown"  # unchanged since it was signed, but anybody can have signed it
    BROKEN = "broken"  # changed after it was signed
    UNCHECKED = "unchecked"  # signed in a way that cannot be checked here
    NONE = "none"


class ReturnReason(StrEnum):
    """Why a second person gave a draft back."""

    TEXT = "text"
    AREA = "area"
    LEVEL = "level"  # urgency, severity or certainty
    TIMES = "times"
    NOT_NEEDED = "not_needed"


class UntranslatedReason(StrEnum):
    """Why a warning goes out without all four languages."""

    NO_TIME = "no_time"  # waiting for a translation would cost lives
    NOT_SPOKEN = "not_spoken"  # the language is not spoken in the area


class Status(StrEnum):
    """How a message is to be handled."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """What a message is to earlier ones."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Scope(StrEnum):
    """For whom a message is."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Category(StrEnum):
    """What kind of event."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class ResponseType(StrEnum):
    """What people shall do."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(StrEnum):
    """How soon."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"  # within the next hour
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How bad, worst first."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure."""

    OBSERVED = "Observed"
    LIKELY = "Likely"  # more than even
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"
