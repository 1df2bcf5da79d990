"""What others may know of the duty desk: its event types and the words of its closed sets. Nothing here runs.

Payloads hold ids, coded values, times, coordinates and numbers only; what names a person is sealed (core.sealing).
"""

from enum import StrEnum


class IncidentEvent(StrEnum):
    """The event types of the duty desk; a new shape gets a new number and an upcaster."""

    OPENED = "incident.opened/1"
    UNIT_ASSIGNED = "incident.unit_assigned/1"
    STAGE_REACHED = "incident.stage_reached/1"
    STAGE_CORRECTED = "incident.stage_corrected/1"
    SENDING_STRUCK = "incident.sending_struck/1"  # a finished sending that was entered wrongly, as a whole
    CHANGED = "incident.changed/1"
    NOTE_ADDED = "incident.note_added/1"
    CLOSED = "incident.closed/1"
    ERASED = "incident.erased/1"
    IMPORTED = "incident.imported/1"
    FIELD_REPORTED = "incident.field_reported/1"  # a phone's word that stands beside the desk's
    DISPATCH_DECIDED = "incident.dispatch_decided/1"
    UNIT_WITHDRAWN = "incident.unit_withdrawn/1"
    HELD = "incident.held/1"
    RELEASED = "incident.released/1"
    BACKUP_ASKED = "incident.backup_asked/1"
    BACKUP_ENDED = "incident.backup_ended/1"
    UNIT_REGISTERED = "unit.registered/1"
    UNIT_STATUS = "unit.status_changed/1"
    CALL_ADDED = "incident.call_added/1"
    CALLER_ADDED = "incident.caller_added/1"
    HAZARD_NOTED = "hazard.noted/1"
    HAZARD_WITHDRAWN = "hazard.withdrawn/1"
    OWNER_CHANGED = "incident.owner_changed/1"
    UNIT_WORD = "unit.word_heard/1"
    # What an incident holds
    PARTY_ADDED = "incident.party_added/1"
    PARTY_CORRECTED = "incident.party_corrected/1"
    VEHICLE_ADDED = "incident.vehicle_added/1"
    VEHICLE_CORRECTED = "incident.vehicle_corrected/1"
    ATTACHMENT_ADDED = "incident.attachment_added/1"
    CONTACT_RULES_SET = "incident.contact_rules_set/1"
    LINKED = "incident.linked/1"
    MERGED = "incident.merged/1"  # into another one; that one gets `absorbed`
    ABSORBED = "incident.absorbed/1"
    SPLIT = "incident.split/1"
    REOPENED = "incident.reopened/1"  # its payload says what the closing said
    SHUT_OUT = "incident.shut_out/1"
    UNIT_LOGGED_ON = "unit.logged_on/1"
    UNIT_LOGGED_OFF = "unit.logged_off/1"
    UNIT_LENT = "unit.lent/1"
    UNIT_RETURNED = "unit.returned/1"
    POSITIONS_HELD = "incident.positions_held/1"
    SHIFT_PLANNED = "shift.planned/1"
    ROSTER_CHANGED = "shift.roster_changed/1"
    SWAP_CHANGED = "shift.swap_changed/1"
    AID_CHANGED = "aid.request_changed/1"


class BriefingEvent(StrEnum):
    """The event types of handovers and daily summaries. None of them is shown by the live picture."""

    HANDOVER_OFFERED = "handover.offered/1"
    HANDOVER_ITEM_ACKNOWLEDGED = "handover.item_acknowledged/1"
    HANDOVER_ACCEPTED = "handover.accepted/1"
    HANDOVER_WITHDRAWN = "handover.withdrawn/1"
    SUMMARY_MADE = "summary.made/1"


class Stage(StrEnum):
    """What a unit does for an incident, in its order."""

    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    CLEARED = "cleared"


class UnitStatus(StrEnum):
    """What a unit is doing now."""

    OFF_DUTY = "off_duty"
    AVAILABLE = "available"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    BUSY = "busy"
    OUT_OF_SERVICE = "out_of_service"


class Flag(StrEnum):
    """What is odd about a row that was kept all the same."""

    STAGE_ORDER = "stage_order"
    UNIT_OVERLAP = "unit_overlap"
    TIME_AMBIGUOUS = "time_ambiguous"
    TIME_MISSING_HOUR = "time_missing_hour"
    TIME_IN_FUTURE = "time_in_future"
    PLACE_ABSURD = "place_absurd"
    TERRITORY_UNKNOWN = "territory_unknown"  # the code names no territory of this centre
    DEVICE_CLOCK = "device_clock"  # the phone's clock was wrong; the time is by ours
    CALL_DIFFERS = "call_differs"  # the rows of one call disagree about it; the first one stands
    TRANSFERRED = "transferred"  # taken by the desk of another territory and passed on to this one


class PlaceConfidence(StrEnum):
    """How well the place of an incident is known."""

    EXACT = "exact"
    STREET = "street"
    AREA = "area"
    PHONE = "phone"  # a telephone's own position, with its accuracy
    UNKNOWN = "unknown"


class PartyRole(StrEnum):
    """What a person is in this one incident."""

    CALLER = "caller"
    VICTIM = "victim"
    WITNESS = "witness"
    SUSPECTED = "suspected"
    MISSING = "missing"
    OTHER = "other"


class VehicleRole(StrEnum):
    """What a vehicle is in this one incident."""

    INVOLVED = "involved"
    LEFT_SCENE = "left_scene"
    PARKED = "parked"
    OTHER = "other"


class SafeContact(StrEnum):
    """What would endanger the caller if it were done."""

    NO_CALL = "no_call"
    NO_TEXT = "no_text"
    NO_MESSAGE = "no_message"


class LinkKind(StrEnum):
    """How two incidents belong together. `split` is written only by a split."""

    RELATED = "related"
    DUPLICATE = "duplicate"
    FOLLOW_UP = "follow_up"
    SPLIT = "split"


class EnteredVia(StrEnum):
    """How a report came into the centre: at the console as it happened, or later from the radio or from paper."""

    CONSOLE = "console"
    RADIO = "radio"
    PAPER = "paper"


class AlarmEvent(StrEnum):
    """What happens to an alarm."""

    RAISED = "alarm.raised/1"
    PRESSED_AGAIN = "alarm.pressed_again/1"  # of an emergency that stands: it sounds again for everybody
    GLASS_BROKEN = "alarm.glass_broken/1"  # for supervisors only
    ACKNOWLEDGED = "alarm.acknowledged/1"
    ESCALATED = "alarm.escalated/1"
    MOVED = "alarm.moved/1"
    CLEARED = "alarm.cleared/1"


class AlarmKind(StrEnum):
    """Why there is an alarm: the clock that ran out, or a unit that calls for help."""

    UNASSIGNED = "unassigned"
    HELD_OVER = "held_over"
    EN_ROUTE = "en_route"
    ARRIVAL = "arrival"
    WELFARE = "welfare"
    EMERGENCY = "emergency"
    BREAK_GLASS = "break_glass"


class AlarmLevel(StrEnum):
    """How far an alarm has gone."""

    RED = "red"
    ESCALATED = "escalated"  # it stood too long at a level: the supervisor of `escalated_to` is called


class ClearReason(StrEnum):
    """How an alarm ended. The centre gives the first two; an emergency ends with one of the others but the last, given by a person."""

    CAUSE_GONE = "cause_gone"
    INCIDENT_CLOSED = "incident_closed"
    SAFE = "safe"
    HELP_GIVEN = "help_given"
    PRESSED_BY_MISTAKE = "pressed_by_mistake"
    DRILL = "drill"
    JUDGED = "judged"  # of a broken glass only


class ConflictGround(StrEnum):
    """Why a post must not handle an incident."""

    STAFF_PARTY = "staff_party"
    HOUSEHOLD = "household"
    OWN_REPORT = "own_report"
