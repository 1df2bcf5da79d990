"""The spine: what every programme stands on. It knows no programme."""
