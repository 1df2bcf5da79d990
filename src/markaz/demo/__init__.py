"""The synthetic region: territories, staff and traffic that belong to nobody."""
