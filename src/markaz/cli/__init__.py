"""The markaz command."""
