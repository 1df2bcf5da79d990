"""Rights: what a person asks about their own data, with a clock, and an answer with reasons."""
