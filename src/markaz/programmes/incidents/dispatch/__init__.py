"""Sending units: which ones are recommended and why, and every way to send, swap, divert, withdraw and wait."""
