"""Sales and the tickets that come of them."""
