"""What programmes may know of each other: frozen event types and protocols, and nothing that runs."""
