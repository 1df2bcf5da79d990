"""What a centre measures of itself, for /metrics: open streams, holes, places, positions that were dropped."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from markaz.core.log.checkpoints import Checkpointer
from markaz.core.places.gazetteer import Gazetteer
from markaz.core.stream.hub import Hub
from markaz.programmes.incidents.positions import Positions


def measure(
    registry: CollectorRegistry, hub: Hub, positions: Positions, gazetteer: Gazetteer, checkpointer: Checkpointer
) -> Counter:
    """Register the gauges of a centre; return the counter of looks at the clocks that failed."""
    Gauge("markaz_stream_recipients", "Open streams.", registry=registry).set_function(lambda: hub.recipients)
    Gauge("markaz_event_seq", "Number of the last event sent out.", registry=registry).set_function(lambda: hub.seq)
    Gauge("markaz_event_holes", "Holes seen in the event log; any is a fault.", registry=registry).set_function(
        lambda: hub.holes
    )
    Gauge("markaz_stream_slow", "Streams ended because they fell behind.", registry=registry).set_function(
        lambda: hub.ended_slow
    )
    Gauge(
        "markaz_stream_unreadable", "Events that could not be shown; any is a fault.", registry=registry
    ).set_function(lambda: hub.unreadable)
    failures = Counter("markaz_watch_failures", "Looks at the clocks that failed.", registry=registry)
    Gauge("markaz_positions_dropped", "Positions not written in time.", registry=registry).set_function(
        lambda: positions.dropped
    )
    Gauge("markaz_places", "Places that can be searched.", registry=registry).set_function(lambda: len(gazetteer))
    Gauge(
        "markaz_log_failures", "Checkpoints of the log of use that could not be made.", registry=registry
    ).set_function(lambda: checkpointer.failures)
    return failures
