"""Appointments: what opens person data or watches over it is given, and offices are taken away, by two people."""
