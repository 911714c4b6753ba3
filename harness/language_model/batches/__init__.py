"""Questions that are answered together, within a day, at a lower price."""
