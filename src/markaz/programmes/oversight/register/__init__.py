"""The register of processing activities: made from the schedule, the closed lists and the policies, never written by hand."""
