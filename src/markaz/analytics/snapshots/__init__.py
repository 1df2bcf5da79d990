"""History: the event log as Parquet files by day and region. ADR 0021 says what stands in them and how an erasure reaches them.

It reads the log and writes files below HOME/history; it changes no row, and whoever reads history asks the manifest which
files it is made of.
"""
