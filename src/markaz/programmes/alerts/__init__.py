"""Alerts: public warnings as CAP 1.2, signed and released by two persons, and those of other senders."""
