"""The unit phone: what a crew reports from the field, also hours later, merged so that neither side is lost."""
