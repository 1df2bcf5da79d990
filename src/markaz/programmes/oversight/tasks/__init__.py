"""What waits for somebody who watches over use or answers for a desk: one list with its clocks."""
