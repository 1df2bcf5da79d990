"""Oversight: who looked at whom and whether that was in order, what people may ask, how long things are kept."""
