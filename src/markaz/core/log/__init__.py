"""The log of use that nobody can rewrite: entries, the trees over them, checkpoints and what proves them."""
