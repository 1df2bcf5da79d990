"""What a centre measures of itself, for /metrics: open streams, holes, places, positions that were dropped."""

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from markaz.web.centre import Centre


def measure(centre: "Centre") -> Counter:
    """Register the gauges of a centre; return the counter of looks at the clocks that failed."""
    Gauge("markaz_stream_recipients", "Open streams.", registry=centre.registry).set_function(
        lambda: centre.hub.recipients
    )
    Gauge("markaz_event_seq", "Number of the last event sent out.", registry=centre.registry).set_function(
        lambda: centre.hub.seq
    )
    Gauge("markaz_event_holes", "Holes seen in the event log; any is a fault.", registry=centre.registry).set_function(
        lambda: centre.hub.holes
    )
    Gauge("markaz_stream_slow", "Streams ended because they fell behind.", registry=centre.registry).set_function(
        lambda: centre.hub.ended_slow
    )
    Gauge(
        "markaz_stream_unreadable", "Events that could not be shown; any is a fault.", registry=centre.registry
    ).set_function(lambda: centre.hub.unreadable)
    failures = Counter("markaz_watch_failures", "Looks at the clocks that failed.", registry=centre.registry)
    Gauge("markaz_positions_dropped", "Positions not written in time.", registry=centre.registry).set_function(
        lambda: centre.positions.dropped
    )
    Gauge("markaz_places", "Places that can be searched.", registry=centre.registry).set_function(
        lambda: len(centre.gazetteer)
    )
    Gauge(
        "markaz_log_failures", "Checkpoints of the log of use that could not be made.", registry=centre.registry
    ).set_function(lambda: centre.checkpointer.failures)
    return failures
