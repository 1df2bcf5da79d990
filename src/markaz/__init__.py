"""Markaz: an open, self-hosted coordination and monitoring centre for public safety."""

__version__ = "0.1.0"
