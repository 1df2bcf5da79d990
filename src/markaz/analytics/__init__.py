"""Figures over history: the log written to Parquet (snapshots), and DuckDB, which only this floor asks."""
