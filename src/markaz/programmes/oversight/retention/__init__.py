"""Retention: what is over by the schedule ends, and a certificate of it stands in the log."""
