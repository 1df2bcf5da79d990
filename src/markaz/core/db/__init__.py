"""The database: where it runs, how it is reached, migrated, saved and brought back."""
