"""The duty desk: calls, incidents, units and their dispatch."""
