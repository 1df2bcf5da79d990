"""Places: the gazetteer (streets, crossings, houses, landmarks, neighbourhoods) and the search in it."""
