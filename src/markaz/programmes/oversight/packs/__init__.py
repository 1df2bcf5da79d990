"""Audit packs: what was done with person data in a period, with its proofs, in one signed file that verifies offline."""
