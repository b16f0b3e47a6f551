"""What all assets share: which items are stale, what was done with each, what waits, what leaves, what is deleted."""
