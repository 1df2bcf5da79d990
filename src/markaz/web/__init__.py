"""The HTTP edge: wiring, errors, the stream route and the built console."""
