"""A daily summary on paper and as a table: its words in four languages, its PDF and its CSV."""
