"""Import and replay of any dispatch export by a mapping file, never by code for one source.

`mapping`, `times`, `normalise` and `grouping` are pure; `reader*` open files; only `loader` and `statements` know the
database.
"""
