"""Benchmarks of Markaz, run from a checkout by `markaz bench` (docs/performance.md says what each yardstick is).

Every figure is a ratio of two things measured in one run, in turns, so that a slow or busy machine slows both. Nothing
here is a test: no figure fails a build.
"""
