"""Taking calls: duplicates, what is known of a place, hazard notes, unfinished forms, and finding."""
