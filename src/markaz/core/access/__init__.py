"""Access: may this person look at that, why, and which rule says so. Policies are data; the engine is behind a port."""
