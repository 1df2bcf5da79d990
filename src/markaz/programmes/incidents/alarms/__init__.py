"""Alarms: clocks that ran out and units that call for help; who has noticed them, and how they end."""
