"""The only importer of DuckDB: figures over files and history."""
