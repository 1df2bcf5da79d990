"""What an incident holds and how incidents belong together: parties, vehicles, attachments, links, merge, split, reopen."""
