"""Paper: documents set as PDF from a template and data, in a bounded process of their own."""
