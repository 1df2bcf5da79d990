"""The SQL of units and crews, by noun. It decides nothing and commits nothing."""
